import { assert, assertBetween, assertEquals, assertMatch } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

for (
  const [name, flag] of [["JOBQ_KILL_TIMEOUT", "--kill-timeout"], [
    "JOBQ_TIME_LIMIT",
    "--time-limit",
  ]] as const
) {
  test(`a bad value of $${name} exits with 2 and names the variable`, async () => {
    await using queue = await QueueFile.make();
    const { code, stderr } = await queue.jobq(["worker"], { env: { [name]: "soon" } });
    assertEquals(code, 2);
    assert(
      stderr.startsWith(`error: Cannot use $${name}: "soon" is not a duration\nhint: write it like 30s`),
      stderr,
    );
  });

  test(`${flag} wins over $${name}`, async () => {
    await using queue = await QueueFile.make();
    assertEquals((await queue.jobq(["worker", flag, "9m"], { env: { [name]: "soon" } })).code, 0);
  });

  test(`an empty $${name} is as good as none`, async () => {
    await using queue = await QueueFile.make();
    assertEquals((await queue.jobq(["worker"], { env: { [name]: "" } })).code, 0);
  });
}

test("a bad value of $JOBQ_KILL_TIMEOUT is refused by pull, too", async () => {
  await using queue = await QueueFile.with("true");
  const { code, stderr } = await queue.jobq(["pull"], { env: { JOBQ_KILL_TIMEOUT: "-1" } });
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot use \$JOBQ_KILL_TIMEOUT: "-1" is not a duration/);
  assertEquals(await queue.commands(), ["true"]);
});

test("$JOBQ_TIME_LIMIT of 0 is refused as --time-limit 0 is", async () => {
  await using queue = await QueueFile.make();
  const { code, stderr } = await queue.jobq(["worker"], { env: { JOBQ_TIME_LIMIT: "0" } });
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot use \$JOBQ_TIME_LIMIT: it must be longer than 0/);
});

test("$JOBQ_TIME_LIMIT may be none", async () => {
  await using queue = await QueueFile.with("true");
  assertEquals((await queue.jobq(["worker", "--quiet"], { env: { JOBQ_TIME_LIMIT: "none" } })).code, 0);
  assertEquals((await queue.counts()).completed, 1);
});

test("$JOBQ_TIME_LIMIT ends the worker", async () => {
  await using queue = await QueueFile.with("exec sleep 60");
  const { code, stderr } = await queue.process(["worker"], { env: { JOBQ_TIME_LIMIT: "0.3" } });
  assertEquals(code, 0);
  assertMatch(stderr, /leaving: the time limit is reached/);
});

test("$JOBQ_KILL_TIMEOUT is the time from TERM to KILL", async () => {
  await using queue = await QueueFile.with('trap "" TERM; while :; do sleep 0.02; done');
  const before = Date.now();
  const env = { JOBQ_KILL_TIMEOUT: "50ms" };
  assertEquals((await queue.jobq(["worker", "--quiet", "--time-limit", "300ms"], { env })).code, 0);
  // Far less than the default, 30 s.
  assertBetween(Date.now() - before, 350, 15_000);
});
