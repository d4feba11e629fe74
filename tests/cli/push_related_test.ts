import { assertEquals, assertMatch } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

/** What the queue knows of a job. */
async function details(queue: QueueFile, id: string) {
  const job = await queue.look(async (handle) =>
    handle.get((await handle.findIds(id, { limit: 1 }))[0] ?? "")
  );
  if (job === undefined) throw new Error(`there is no job ${id}`);
  return job;
}

test("push --priority decides which job is next", async () => {
  await using queue = await QueueFile.make();
  for (const priority of ["-5", "0", "7"]) await queue.jobq(["push", "--priority", priority, "-c", priority]);
  assertEquals(await queue.commands(), ["7", "0", "-5"]);
});

test("push --after takes ids, numbers and beginnings, with conditions", async () => {
  await using queue = await QueueFile.make();
  const [a = "", b = "", c = ""] = await queue.pushed("a", "b", "c");
  await queue.jobq([
    "push",
    "--after",
    `${a},2:any`,
    "--after",
    `${c.slice(0, 3)}:failed`,
    "-c",
    "x",
    "-c",
    "y",
  ]);
  for (const id of ["4", "5"]) {
    const { state, parents } = await details(queue, id);
    assertEquals([state, parents.map(({ id, when }) => [id, when])], [
      "blocked",
      [[a, "ok"], [b, "any"], [c, "failed"]],
    ]);
  }
});

test("push --after gives all lines of standard input their parents", async () => {
  await using queue = await QueueFile.with("a");
  await queue.jobq(["push", "--after", "1"], { stdin: "b\nc\n" });
  assertEquals((await queue.counts()).blocked, 2);
});

const BAD_AFTER: readonly [value: string, said: RegExp][] = [
  ["77", /Cannot find "77": no job starts with it/],
  ["1,", /"1," lacks the name of a job/],
  ["1:soon", /Cannot find "1:soon"/],
];
for (const [value, said] of BAD_AFTER) {
  test(`push --after ${value} exits with 2 and pushes nothing`, async () => {
    await using queue = await QueueFile.with("a");
    const { code, stdout, stderr } = await queue.jobq(["push", "--after", value, "-c", "b"]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, said);
    assertEquals(await queue.commands(), ["a"]);
  });
}

test("push --after on a queue that is not there exits with 3 and makes none", async () => {
  await using queue = await QueueFile.make();
  assertEquals((await queue.jobq(["push", "--after", "1", "-c", "b"])).code, 3);
  assertEquals([...Deno.readDirSync(queue.directory.path)], []);
});

test("push --key pushes nothing while a job with the key is not finished, and prints that one's id", async () => {
  await using queue = await QueueFile.make();
  const first = await queue.jobq(["push", "--key", "k", "-c", "a"]);
  const again = await queue.process(["push", "--key", "k", "-c", "b"]);
  const id = first.stdout.trim();
  assertEquals(again.stdout, first.stdout);
  assertEquals([again.code, again.stderr], [
    0,
    `not pushed: job ${id}, which is not finished, has the same key\n`,
  ]);
  const { stdout } = await queue.jobq(["push", "--key", "k", "--json", "--quiet", "-c", "b"]);
  assertEquals(stdout, `${JSON.stringify({ id, existing: true })}\n`);
  assertEquals(await queue.commands(), ["a"]);
});

test("push --key pushes again when the job with the key has finished", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--key", "k", "-c", "a"]);
  await queue.jobq(["cancel", "1"]);
  assertEquals((await queue.jobq(["push", "--key", "k", "-c", "b"])).stderr, "");
  assertEquals(await queue.commands(), ["b"]);
});

test("push --if-exists replace cancels the job with the key", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--key", "k", "-c", "a"]);
  await queue.jobq(["push", "--key", "k", "--if-exists", "replace", "-c", "b"]);
  assertEquals(await queue.commands(), ["b"]);
  const { state, failure } = await details(queue, "1");
  assertEquals(state, "cancelled");
  assertMatch(failure?.message ?? "", /replaced by a later push with its key/);
});

test("push --if-exists error exits with 2 and says which job has the key", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--key", "k", "-c", "a"]);
  const { code, stderr } = await queue.jobq(["push", "--key", "k", "--if-exists=error", "-c", "b"]);
  assertEquals(code, 2);
  assertMatch(stderr, /^error: Cannot push the job: .*1-\w+/);
  assertEquals(await queue.commands(), ["a"]);
});

const BAD: readonly [words: readonly string[], said: RegExp][] = [
  [["--key", "k", "-c", "a", "-c", "b"], /Cannot give one key to 2 jobs\nhint: push one job with --key/],
  [["--key", "k"], /Cannot give one key to many lines/],
  [["--key", "a b", "-c", "a"], /Cannot push the job: a key has no commas, no white space/],
  [["--if-exists", "skip", "-c", "a"], /Cannot use --if-exists without --key/],
  [["--if-exists", "never", "--key", "k", "-c", "a"], /hint: one of skip, replace, error/],
  [["--priority", "high", "-c", "a"], /Cannot use "high" for --priority: "high" is not a whole number/],
  [["--priority", "1000001", "-c", "a"], /Cannot push the job: the priority is 1000001, but must be/],
];
for (const [words, said] of BAD) {
  test(`push ${words.join(" ")} exits with 2, and no queue is made`, async () => {
    await using queue = await QueueFile.make();
    const { code, stderr } = await queue.jobq(["push", ...words]);
    assertEquals(code, 2);
    assertMatch(stderr, said);
    assertEquals([...Deno.readDirSync(queue.directory.path)], []);
  });
}

test("push says that a job was cancelled as it was pushed, and why", async () => {
  await using queue = await QueueFile.make();
  const [dead = ""] = await queue.dead("false");
  const result = await queue.jobq(["push", "--after", dead, "-c", "true"]);
  assertEquals(result.code, 0);
  assertEquals(
    result.stderr,
    `job ${result.stdout.trim()} is cancelled already: its parent ${dead} failed\n`,
  );
  assertEquals((await queue.jobq(["push", "--quiet", "--after", dead, "-c", "true"])).stderr, "");
});
