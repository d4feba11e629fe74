import { assertEquals, assertMatch } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

test("pull runs the next job only and exits with 0", async () => {
  await using queue = await QueueFile.with("echo 1", "echo 2");
  const { code, stdout, stderr } = await queue.process(["pull"]);
  assertEquals([code, stdout], [0, "1\n"]);
  assertMatch(stderr, /job 1-\w+ completed/);
  assertEquals(await queue.commands(), ["echo 2"]);
});

test("pull exits with 1 when the job fails, and the job is a dead letter", async () => {
  await using queue = await QueueFile.with("exit 3");
  const { code, stderr } = await queue.process(["pull"]);
  assertEquals(code, 1);
  assertMatch(stderr, /job 1-\w+ failed for good: exit code 3/);
  assertEquals((await queue.counts()).failed, 1);
});

test("pull exits with 1 when the attempt fails, though there will be another", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--num-retries", "1", "--retry-delay", "1h", "-c", "exit 3"]);
  assertEquals((await queue.jobq(["pull", "--quiet"])).code, 1);
  assertEquals((await queue.counts()).delayed, 1);
});

test("pull exits with 0 and says so when the queue is empty", async () => {
  await using queue = await QueueFile.with();
  const { code, stdout, stderr } = await queue.process(["pull"]);
  assertEquals([code, stdout], [0, ""]);
  assertMatch(stderr, /nothing to do: the queue is empty/);
});

test("pull --quiet says nothing of what went well", async () => {
  await using queue = await QueueFile.with("echo 1");
  assertEquals(await queue.jobq(["pull", "--quiet"]), { code: 0, stdout: "1\n", stderr: "" });
});

test("pull takes no program", async () => {
  await using queue = await QueueFile.with("echo 1");
  const { code, stderr } = await queue.jobq(["pull", "--", "x"]);
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot use "--" with pull/);
});

test("pull exits with 5 when the job became somebody else's", async () => {
  await using queue = await QueueFile.make();
  const steal =
    'import { DatabaseSync } from "node:sqlite"; new DatabaseSync(Deno.args[0]).exec("UPDATE jobs SET lease_token = 1");';
  await Deno.writeTextFile(queue.directory.join("steal.ts"), steal);
  await queue.jobq([
    "push",
    "-c",
    `${Deno.execPath()} run -A --quiet --no-check ${queue.directory.join("steal.ts")} ${queue.path}`,
  ]);
  const { code, stderr } = await queue.process(["pull"]);
  assertEquals(code, 5);
  assertMatch(stderr, /no longer ours/);
});
