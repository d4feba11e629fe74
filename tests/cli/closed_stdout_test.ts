import { assertEquals, assertMatch } from "../support/assert.ts";
import { shell } from "../support/jobq.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { WorkerProcess } from "../support/worker_process.ts";

test("push of 5,000 lines into head -1 enqueues all of them and exits with 0", async () => {
  await using queue = await QueueFile.make();
  const script = `seq 5000 | jobq ${queue.path} push | head -1; echo "\${PIPESTATUS[1]}"`;
  const { stdout, stderr } = await shell(script);
  assertMatch(stdout, /^1-\w+\n0\n$/);
  assertEquals(stderr, "");
  const commands = await queue.commands();
  assertEquals([commands.length, commands.at(-1)], [5_000, "5000"]);
});

test("push into a reader that left before enqueues all and exits with 0", async () => {
  await using queue = await QueueFile.make();
  const script = `exec 3> >(exit); wait $!; seq 100 | jobq ${queue.path} push >&3`;
  const { code, stderr } = await shell(script);
  assertEquals([code, stderr], [0, ""]);
  assertEquals((await queue.commands()).length, 100);
});

test("push with stdout closed enqueues and exits with 0", async () => {
  await using queue = await QueueFile.make();
  const { code, stderr } = await shell(`jobq ${queue.path} push -c a -c b >&-`);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(await queue.commands(), ["a", "b"]);
});

for (const words of ["peek -n -1", "peek -n -1 --json", "list -n -1", "list -n -1 --json"]) {
  test(`${words} into head -1 exits with 0 and says nothing`, async () => {
    await using queue = await QueueFile.with(...Array.from({ length: 3_000 }, (_, index) => `echo ${index}`));
    const script = `jobq ${queue.path} ${words} | head -1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await shell(script);
    assertMatch(stdout, /^.+\n0\n$/);
    assertEquals(stderr, "");
  });
}

test("a worker whose stderr is closed runs its jobs and exits with 0", async () => {
  await using queue = await QueueFile.with("echo 1", "echo 2");
  assertEquals((await shell(`jobq ${queue.path} worker 2>&-`)).stdout, "1\n2\n");
  assertEquals((await queue.counts()).completed, 2);
});

test("run into head -1 cancels the job, which would print for ever, and exits as after SIGPIPE", async () => {
  await using queue = await QueueFile.make();
  const { stdout } = await shell(`jobq ${queue.path} run -- yes | head -1; echo "\${PIPESTATUS[0]}"`);
  assertEquals(stdout, "y\n141\n");
  const job = await queue.look((handle) => handle.list().then(([job]) => job));
  assertEquals([job?.state, job?.failure?.message], ["cancelled", "nobody read any more what it printed"]);
});

test("run into head -1 cancels a job that a worker runs", async () => {
  await using queue = await QueueFile.with();
  await using worker = new WorkerProcess(queue.path, ["--quiet", "--idle-timeout", "forever"]);
  await waitUntil(() => queue.look(async (handle) => (await handle.workers.list()).length > 0));
  const { stdout } = await shell(`jobq ${queue.path} run -- yes | head -1; echo "\${PIPESTATUS[0]}"`);
  assertEquals(stdout, "y\n141\n");
  worker.signal("SIGTERM");
  assertEquals(await worker.ended(), 143);
});
