import { assertEquals, assertMatch } from "../support/assert.ts";
import { onTerminal } from "../support/jobq.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

test("clear --yes removes the waiting jobs and says how many", async () => {
  await using queue = await QueueFile.with("a", "b");
  const { code, stdout, stderr } = await queue.process(["clear", "--yes"]);
  assertEquals([code, stdout, stderr], [0, "", "removed 2 waiting jobs\n"]);
  assertEquals(await queue.commands(), []);
});

test("clear removes blocked jobs, too, and counts them before it asks", async () => {
  await using queue = await QueueFile.with("a");
  await queue.jobq(["push", "--after", "1", "-c", "b", "-c", "c"]);
  assertMatch((await queue.jobq(["clear"])).stderr, /Cannot ask "Remove 3 waiting jobs of /);
  assertEquals((await queue.jobq(["clear", "--yes"])).stderr, "removed 3 waiting jobs\n");
});

test("clear keeps running jobs and dead letters", async () => {
  await using queue = await QueueFile.make();
  await queue.dead("dead");
  await queue.pushed("running", "waiting");
  await queue.look((handle) => handle.lease({ leaseMs: 60_000, waitMs: 0 }));
  await queue.jobq(["clear", "--yes"]);
  const { ready, running, failed } = await queue.counts();
  assertEquals([ready, running, failed], [0, 1, 1]);
});

test("clear without a terminal wants --yes, exits with 2 and removes nothing", async () => {
  await using queue = await QueueFile.with("a", "b");
  const { code, stdout, stderr } = await queue.process(["clear"], { stdin: "y\n" });
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /Cannot ask "Remove 2 waiting jobs of .*": this is not a terminal\nhint: give --yes/);
  assertEquals(await queue.commands(), ["a", "b"]);
});

test("clear of a queue without waiting jobs asks nothing", async () => {
  await using queue = await QueueFile.with();
  const { code, stderr } = await queue.jobq(["clear"]);
  assertEquals([code, stderr], [0, "removed 0 waiting jobs\n"]);
});

const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  "y\n": [],
  "YES\n": [],
  "n\n": ["a"],
  "\n": ["a"],
  "yesterday\n": ["a"],
};
for (const [input, left] of Object.entries(ANSWERS)) {
  test(
    `clear on a terminal ${left.length > 0 ? "keeps" : "removes"} the jobs when ${
      JSON.stringify(input)
    } is typed`,
    async () => {
      await using queue = await QueueFile.with("a");
      const { code, output } = await onTerminal(`jobq ${queue.path} clear`, { input });
      assertEquals(code, 0, output);
      assertMatch(output, /Remove 1 waiting job of .*jobs\.db\? \[y\/N\] /);
      assertMatch(output, left.length > 0 ? /nothing was removed/ : /removed 1 waiting job\b/);
      assertEquals(await queue.commands(), left);
    },
  );
}

test("clear on a terminal keeps the jobs when its input ends", async () => {
  await using queue = await QueueFile.with("a");
  const { code, stderr } = await queue.jobq(["clear"], { terminals: ["stdin", "stderr"] });
  assertEquals([code, stderr.endsWith("? [y/N] nothing was removed\n")], [0, true]);
  assertEquals(await queue.commands(), ["a"]);
});
