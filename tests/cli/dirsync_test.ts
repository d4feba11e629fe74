import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";
import { BlobPlace } from "../backends/azure/blob_sync_place.ts";
import { CloudQueue } from "./cloud_queue.ts";

test("push and worker copy a job's directory, and status says where", async () => {
  await using queue = await QueueFile.make();
  const out = queue.directory.join("out");
  const words = ["push", "--bg-dirsync-to", out, "--bg-dirsync-create"];
  assertEquals((await queue.jobq([...words, "-c", 'echo result > "$AMLT_DIRSYNC_DIR/a b"'])).code, 0);
  const { code, stdout } = await queue.process(["worker"]);
  assertEquals([code, stdout], [0, ""]);
  assertEquals(await Deno.readTextFile(`${out}/a b`), "result\n");
  assertMatch((await queue.jobq(["status", "1"])).stdout, /\n {2}synced to +\/.*\/out\n/);
  const { bg_dirsync_to, bg_dirsync_create } = JSON.parse(
    (await queue.jobq(["status", "1", "--json"])).stdout,
  );
  assertEquals([bg_dirsync_to, bg_dirsync_create], [out, true]);
});

test("run copies the directory of its job before it exits", async () => {
  await using queue = await QueueFile.make();
  const out = queue.directory.join("out");
  await Deno.mkdir(out);
  const words = ["run", "--bg-dirsync-to", out, "-c", 'echo result > "$AMLT_DIRSYNC_DIR/a"; exit 7'];
  assertEquals((await queue.process(words)).code, 7);
  assertEquals(await Deno.readTextFile(`${out}/a`), "result\n");
});

test("a job whose results cannot be copied has failed, and status names the directory that has them", async () => {
  await using queue = await QueueFile.make();
  const out = queue.directory.join("out");
  await Deno.mkdir(`${out}/result`, { recursive: true });
  await queue.jobq(["push", "--bg-dirsync-to", out, "-c", 'echo 42 > "$AMLT_DIRSYNC_DIR/result"']);
  await queue.process(["worker"]);
  const { state, error } = JSON.parse((await queue.jobq(["status", "1", "--json"])).stdout);
  assertEquals(state, "failed");
  const [, kept = ""] = /^Cannot copy all of "([^"]+)" to /.exec(error) ?? [];
  assertEquals(await Deno.readTextFile(`${kept}/result`), "42\n");
  await Deno.remove(kept, { recursive: true });
});

for (const place of ["", "results", "./results", "~/results"]) {
  test(`the place "${place}", which workers could not find, is refused at the push`, async () => {
    await using queue = await QueueFile.make();
    const stdin = `${JSON.stringify({ cmd: "x", bg_dirsync_to: place })}\n`;
    for (const words of [["--bg-dirsync-to", place, "-c", "x"], []]) {
      const { code, stderr } = await queue.jobq(["push", ...words], { stdin });
      assertEquals(code, 2);
      assertMatch(stderr, /^error: Cannot .*\nhint: /s);
    }
    assertEquals((await queue.jobq(["size"])).stdout, "0\n");
  });
}

test("a worker on a file copies to a URL when it may use the network", async () => {
  await using place = await BlobPlace.make();
  await using queue = await QueueFile.make();
  const url = `${place.url("run")}?${place.sas("cw")}`;
  await queue.jobq(["push", "--bg-dirsync-to", url, "-c", 'echo result > "$AMLT_DIRSYNC_DIR/a"']);
  const { code, stderr } = await queue.process(["worker", "--bg-dirsync-net", "-v"]);
  assertEquals(code, 0, stderr);
  assertEquals(await place.text("run/a"), "result\n");
  const told = [
    stderr,
    ...await Promise.all(
      [["status", "1"], ["status", "1", "--json"], ["list", "--json"]].map(async (words) =>
        (await queue.jobq(words)).stdout
      ),
    ),
  ].join("\n");
  assert(!/sig=/.test(told), told);
});

test("without that a job with a URL fails before it begins, and says what the worker lacks", async () => {
  await using place = await BlobPlace.make();
  await using queue = await QueueFile.make();
  const url = `${place.url("run")}?${place.sas("cw")}`;
  await queue.jobq(["push", "--bg-dirsync-to", url, "-c", "echo ran"]);
  const { stdout } = await queue.process(["worker"]);
  assertEquals(stdout, "");
  const { error } = JSON.parse((await queue.jobq(["status", "1", "--json"])).stdout);
  assertMatch(error, /^Cannot copy to "http:[^"]*\?…": this worker has no right to use .*--bg-dirsync-net/);
  assert(!error.includes("sig="), error);
});

test("a worker on Azure copies to a container of its account with the queue's connection string", async () => {
  await using place = await BlobPlace.make();
  const queue = await CloudQueue.with();
  const url = place.url("run");
  await queue.jobq(["push", "--bg-dirsync-to", url, "-c", 'echo result > "$AMLT_DIRSYNC_DIR/a"']);
  assertEquals((await queue.process(["worker"])).code, 0);
  assertEquals(await place.text("run/a"), "result\n");
});
