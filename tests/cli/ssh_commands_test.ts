import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { jobqScript } from "../support/ssh_programs.ts";
import { HAS_SSHD, SSHD, Sshd } from "../support/sshd.ts";
import { runMain } from "../support/fake_io.ts";
import { QueueFile } from "../support/queue_file.ts";
import { testWhere } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { SshQueue } from "./ssh_queue.ts";

const test = (name: string, fn: () => Promise<void>) => testWhere(HAS_SSHD, SSHD, name, fn);

/** What is told of the past changes between two calls. */
const withoutAges = (text: string) => text.replaceAll(/\d+(?:\.\d+)?m?s/g, "AGE");

test("push over SSH makes the queue over there, and prints the ids", async () => {
  await using queue = await SshQueue.make();
  const { code, stdout, stderr } = await queue.jobq(["push", "-c", "echo a", "-c", "echo b"]);
  assertEquals([code, stderr], [0, ""]);
  const jobs = await queue.look((file) => file.peek(10));
  assertEquals(stdout, jobs.map(({ id }) => `${id}\n`).join(""));
  assertEquals(jobs.length, 2);
});

test("push over SSH reads lines, with what each job has of its own", async () => {
  await using queue = await SshQueue.make();
  const stdin = `echo a\n{"cmd":["printf","%s","ü\\n"],"env":{"SEED":"1"},"priority":7,"key":"k"}\n`;
  assertEquals((await queue.jobq(["push"], { stdin })).code, 0);
  const [first, second] = await queue.look((file) => file.peek(10));
  assertEquals([first?.task, first?.env, first?.priority], [
    { kind: "argv", argv: ["printf", "%s", "ü\n"] },
    { SEED: "1" },
    7,
  ]);
  assertEquals(second?.task, { kind: "shell", command: "echo a" });
});

test("size, peek, list and stats over SSH print what they print of the file itself", async () => {
  await using queue = await SshQueue.with("echo a", "exit 3", "echo ü");
  const lines = [["size"], ["size", "--json"], ["peek"], ["peek", "--json"], ["list", "--json"], ["stats"]];
  for (const words of lines) {
    const [there, here] = [await queue.jobq(words), await runMain([queue.path, ...words])];
    assertEquals([there.code, there.stderr], [0, ""], words.join(" "));
    assertEquals(withoutAges(there.stdout), withoutAges(here.stdout), words.join(" "));
  }
});

test("status, why and logs over SSH tell of a job that was run", async () => {
  await using queue = await SshQueue.with("echo out; echo err >&2; exit 3");
  await runMain([queue.path, "pull"]);
  for (const words of [["status", "1", "--json"], ["why", "1"], ["logs", "1"]]) {
    const [there, here] = [await queue.jobq(words), await runMain([queue.path, ...words])];
    assertEquals([there.code, there.stderr], [here.code, here.stderr], words.join(" "));
    assertEquals(withoutAges(there.stdout), withoutAges(here.stdout), words.join(" "));
    assert(there.stdout !== "", words.join(" "));
  }
});

test("cancel, requeue and prune over SSH change what is over there", async () => {
  await using queue = await SshQueue.with("echo a", "echo b");
  const stateOf = async () => (await queue.record(1))?.state;
  assertEquals((await queue.jobq(["cancel", "1"])).code, 0);
  assertEquals(await stateOf(), "cancelled");
  assertEquals((await queue.jobq(["requeue", "1"])).code, 0);
  assertEquals(await stateOf(), "pending");
  await queue.jobq(["cancel", "1"]);
  assertEquals((await queue.jobq(["prune", "--yes"])).code, 0);
  assertEquals(await stateOf(), undefined);
});

test("clear over SSH removes the waiting jobs", async () => {
  await using queue = await SshQueue.with("echo a", "echo b");
  assertEquals((await queue.jobq(["clear", "--yes"])).code, 0);
  assertEquals((await queue.look((file) => file.counts())).unfinished, 0);
});

test("dead list, requeue and purge over SSH work on the dead letters over there", async () => {
  await using queue = await SshQueue.with("exit 3", "exit 4");
  await runMain([queue.path, "worker", "--max-consecutive-failures", "none"]);
  const { code, stdout } = await queue.jobq(["dead", "list", "--json"]);
  assertEquals([code, stdout.trim().split("\n").length], [0, 2]);
  assertEquals((await queue.jobq(["dead", "requeue", "1"])).code, 0);
  assertEquals((await queue.jobq(["dead", "purge", "2", "--yes"])).code, 0);
  const counts = await queue.look((file) => file.counts());
  assertEquals([counts.ready, counts.failed], [1, 0]);
});

test("wait over SSH ends with the job, and tells by its exit code that it failed", async () => {
  await using queue = await SshQueue.with("true", "exit 3");
  const waiting = queue.jobq(["wait", "1", "2"]);
  await runMain([queue.path, "worker"]);
  assertEquals((await waiting).code, 1);
});

test("run over SSH shows what the job printed where a worker ran it, and exits as it did", async () => {
  await using queue = await SshQueue.make();
  const running = queue.process(["run", "-c", "echo out; echo err >&2; exit 7"]);
  await waitUntil(async () => {
    const found = await runMain([queue.path, "size"]);
    return found.code === 0 && found.stdout !== "0\n";
  });
  await runMain([queue.path, "worker"]);
  const { code, stdout } = await running;
  assertEquals([code, stdout], [7, "out\nerr\n"]);
});

test("a job may wait over SSH for one that is there", async () => {
  await using queue = await SshQueue.with("true");
  assertEquals((await queue.jobq(["push", "--after", "1", "-c", "true"])).code, 0);
  assertEquals((await queue.record(2))?.state, "blocked");
});

test("one of several queues in a file is named behind a #", async () => {
  await using queue = await SshQueue.make();
  const env = queue.sshd.env;
  const address = queue.sshd.address(queue.path, { name: "gpu" });
  assertEquals((await runMain([address, "push", "-c", "true"], { env })).code, 0);
  assertEquals((await runMain([`${queue.path}#gpu`, "size"])).stdout, "1\n");
});

test("a path with spaces, quotes and what a shell would run works", async () => {
  await using queue = await SshQueue.make({ name: 'a b/it\'s "1"; $(touch x) `touch y` & ü\n/jöbs %41.db' });
  assertEquals((await queue.jobq(["push", "-c", "echo a"])).code, 0);
  assertEquals((await queue.jobq(["size"])).stdout, "1\n");
  assertEquals((await queue.look((file) => file.counts())).ready, 1);
  assertEquals([...Deno.readDirSync(queue.sshd.directory.join("home"))], []);
});

test("a path may be relative to the home directory over there", async () => {
  await using queue = await SshQueue.make();
  const env = queue.sshd.env;
  const address = `ssh://127.0.0.1:${queue.sshd.port}/~/a%20b.db`;
  assertEquals((await runMain([address, "push", "-c", "true"], { env })).code, 0);
  assert((await Deno.stat(queue.sshd.directory.join("home/a b.db"))).isFile);
});

test("--remote-jobq and $JOBQ_REMOTE_JOBQ name the jobq over there", async () => {
  await using sshd = await Sshd.start({ remoteFiles: { jobq: "#!/bin/sh\nexit 9\n" } });
  const words = [sshd.address(sshd.directory.join("jobs.db")), "push", "-c", "true"];
  const jobq = `~/my jobq`;
  await Deno.writeTextFile(sshd.directory.join("home/my jobq"), jobqScript(), { mode: 0o755 });
  assertEquals((await runMain(words, { env: sshd.env })).code, 5);
  assertEquals((await runMain([...words, "--remote-jobq", jobq], { env: sshd.env })).code, 0);
  assertEquals((await runMain(words, { env: { ...sshd.env, JOBQ_REMOTE_JOBQ: jobq } })).code, 0);
});

const READERS = [["size"], ["list"], ["pull"], ["cancel", "1"], ["workers"]];
for (const words of READERS) {
  test(`${words.join(" ")} on a queue that is not over there exits with 3, as for a file here`, async () => {
    await using queue = await SshQueue.make();
    await using file = await QueueFile.make();
    const [there, here] = [await queue.jobq(words), await file.jobq(words)];
    assertEquals([there.code, there.stdout, here.code], [3, "", 3]);
    assertMatch(there.stderr, /: there is no such file\nhint: check the name; `jobq push` makes a queue/);
    assert(there.stderr.includes(queue.path), there.stderr);
    assertEquals([...Deno.readDirSync(queue.sshd.directory.join("files"))], []);
  });
}

test("a queue in a directory over there works, by a path that would be a file's here", async () => {
  await using queue = await SshQueue.make({ name: "a b;/it's a ü queue" });
  assertEquals((await queue.jobq(["push", "-c", "echo out"])).code, 0);
  assert((await Deno.stat(queue.path)).isDirectory);
  const { code, stdout } = await queue.jobq(["pull"]);
  assertEquals([code, stdout], [0, "out\n"]);
  assertEquals(
    (await queue.jobq(["size", "--json"])).stdout,
    (await runMain([queue.path, "size", "--json"])).stdout,
  );
});
