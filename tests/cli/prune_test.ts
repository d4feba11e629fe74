import { assertEquals, assertMatch } from "../support/assert.ts";
import { onTerminal } from "../support/jobq.ts";
import { shellJob } from "../support/jobs.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { QueueFile } from "../support/queue_file.ts";
import { openAt } from "../support/sqlite.ts";
import { test } from "../support/testing.ts";

const DAY = 86_400_000;

/** A queue with a job in each final state, and a waiting one. */
async function withFinished(now = Date.now()): Promise<QueueFile> {
  const queue = await QueueFile.make();
  await using handle = await openAt(queue.path, { clock: new ManualClock(now) });
  const ids = await handle.enqueue(
    ["completed", "failed", "timeout", "cancelled", "waiting"].map((name) => shellJob(name)),
  );
  const lease = () => handle.lease({ leaseMs: 60_000, waitMs: 0 });
  await (await lease())?.ack();
  await (await lease())?.deadLetter({ kind: "failed", message: "exit code 1", at: now });
  await (await lease())?.deadLetter({ kind: "timed-out", message: "it was slow", at: now });
  await handle.cancel([`${ids[3]}`]);
  return queue;
}

/** The states of the jobs that are left. */
async function left(queue: QueueFile): Promise<readonly string[]> {
  return (await queue.look((handle) => handle.list())).map(({ state }) => state).toSorted();
}

const CASES: readonly [words: readonly string[], left: readonly string[]][] = [
  [[], ["failed", "pending", "timeout"]],
  [["--completed"], ["cancelled", "failed", "pending", "timeout"]],
  [["--failed", "--timeout"], ["cancelled", "completed", "pending"]],
  [["--cancelled", "--before", "1h"], ["cancelled", "completed", "failed", "pending", "timeout"]],
];
for (const [words, states] of CASES) {
  test(`prune ${words.join(" ")} leaves ${states.join(", ")}`, async () => {
    await using queue = await withFinished();
    const { code, stdout, stderr } = await queue.process(["prune", "--yes", ...words]);
    const removed = 5 - states.length;
    assertEquals([code, stdout, stderr], [0, "", `removed ${removed} job${removed === 1 ? "" : "s"}\n`]);
    assertEquals(await left(queue), states);
  });
}

for (const [before, removed] of [["7d", 0], ["5d", 2], ["DATE", 2]] as const) {
  test(`prune --before ${before} removes ${removed} jobs that finished six days ago`, async () => {
    await using queue = await withFinished(Date.now() - 6 * DAY);
    const fiveDaysAgo = new Date(Date.now() - 5 * DAY).toISOString().slice(0, 10);
    const { stderr } = await queue.jobq([
      "prune",
      "--yes",
      "--before",
      before === "DATE" ? fiveDaysAgo : before,
    ]);
    assertEquals(stderr, `removed ${removed} jobs\n`);
  });
}

test("prune keeps a completed job whose result is still needed, and says so", async () => {
  await using queue = await QueueFile.make();
  const [parent = ""] = await queue.pushed("parent");
  await queue.look(async (handle) => {
    await handle.enqueue([shellJob("child", { after: [{ job: parent }] })]);
    await (await handle.lease({ leaseMs: 60_000, waitMs: 0 }))?.ack(1);
  });
  const { stderr } = await queue.jobq(["prune", "--yes"]);
  assertEquals(
    stderr,
    "removed 0 jobs\n1 completed job stays, as jobs that are not completed may still need their results\n",
  );
  assertEquals(await left(queue), ["completed", "pending"]);
});

test("prune --json prints how many were removed and how many are needed", async () => {
  await using queue = await withFinished();
  const { stdout } = await queue.jobq(["prune", "--yes", "--json"]);
  assertEquals(JSON.parse(stdout), { removed: 2, needed: 0 });
});

test("prune without a terminal wants --yes, exits with 2 and removes nothing", async () => {
  await using queue = await withFinished();
  const { code, stderr } = await queue.process(["prune"], { stdin: "y\n" });
  assertEquals(code, 2);
  assertMatch(
    stderr,
    /Cannot ask "Remove the records of 2 jobs \(completed, cancelled\) of .*jobs\.db\?": this is not a term/,
  );
  assertEquals((await left(queue)).length, 5);
});

for (const [input, count] of [["y\n", 3], ["n\n", 5]] as const) {
  test(`prune on a terminal leaves ${count} of 5 jobs when ${JSON.stringify(input)} is typed`, async () => {
    await using queue = await withFinished();
    const { code, output } = await onTerminal(`jobq ${queue.path} prune`, { input });
    assertEquals(code, 0, output);
    assertEquals((await left(queue)).length, count);
  });
}

test("prune of a queue without finished jobs asks nothing", async () => {
  await using queue = await QueueFile.with("a");
  assertEquals(await queue.jobq(["prune"]), { code: 0, stdout: "", stderr: "removed 0 jobs\n" });
});
