import { assertEquals, assertMatch } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

/** A queue with job 1 failed, 2 timed out, 3 cancelled, and 4 waiting. */
async function withEnded(): Promise<QueueFile> {
  const queue = await QueueFile.make();
  await queue.dead("failed");
  const [, cancelled = ""] = await queue.pushed("timeout", "cancelled", "waiting");
  await queue.look(async (handle) => {
    const lease = await handle.lease({ leaseMs: 60_000, waitMs: 0 });
    await lease?.deadLetter({ kind: "timed-out", message: "it ran longer than its 5 ms", at: Date.now() });
    await handle.cancel([cancelled]);
  });
  return queue;
}

const CASES: readonly [words: readonly string[], commands: readonly string[]][] = [
  [["1", "3"], ["failed", "cancelled", "waiting"]],
  [["--failed"], ["failed", "waiting"]],
  [["--timeout"], ["timeout", "waiting"]],
  [["--cancelled"], ["cancelled", "waiting"]],
  [["--failed", "--timeout"], ["failed", "timeout", "waiting"]],
];
for (const [words, commands] of CASES) {
  test(`requeue ${words.join(" ")} puts these back: ${commands.slice(0, -1).join(", ")}`, async () => {
    await using queue = await withEnded();
    const { code, stdout, stderr } = await queue.jobq(["requeue", ...words]);
    const count = commands.length - 1;
    assertEquals([code, stdout, stderr], [0, "", `requeued ${count} job${count === 1 ? "" : "s"}\n`]);
    assertEquals((await queue.commands()).toSorted(), commands.toSorted());
  });
}

test("requeue gives a job all its attempts again, and keeps its history", async () => {
  await using queue = await QueueFile.make();
  await queue.dead("a");
  await queue.process(["requeue", "1"]);
  const { state, attempts, error, history } = JSON.parse(
    (await queue.jobq(["status", "1", "--json"])).stdout,
  );
  assertEquals([state, attempts, error, history.length], ["pending", 0, undefined, 1]);
});

test("requeue revives the jobs that were cancelled because of a job, and says how many", async () => {
  await using queue = await QueueFile.make();
  await queue.pushed("a");
  await queue.look(async (handle) => {
    await handle.enqueue([shellJob("b", { after: [{ job: (await handle.list())[0]?.id ?? "" }] })]);
    await (await handle.lease({ leaseMs: 60_000, waitMs: 0 }))?.deadLetter({
      kind: "failed",
      message: "exit code 1",
      at: Date.now(),
    });
  });
  assertEquals((await queue.counts()).cancelled, 1);
  const { stderr } = await queue.jobq(["requeue", "--failed"]);
  assertEquals(
    stderr,
    "requeued 1 job\n1 job that was cancelled because of them will run after them again\n",
  );
  assertEquals((await queue.counts()).blocked, 1);
});

test("requeue exits with 2 and names the jobs that it refused; the others are back", async () => {
  await using queue = await withEnded();
  const { code, stderr } = await queue.jobq(["requeue", "1", "4"]);
  assertEquals(code, 2);
  assertMatch(stderr, /^requeued 1 job\nerror: Cannot requeue 4-\w+: it is waiting already\nhint: /);
  assertEquals((await queue.commands()).toSorted(), ["failed", "waiting"]);
});

test("requeue of all in a state only notes what it refused", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--key", "k", "-c", "a"]);
  await queue.jobq(["cancel", "1"]);
  await queue.jobq(["push", "--key", "k", "-c", "b"]);
  const { code, stderr } = await queue.jobq(["requeue", "--cancelled"]);
  assertEquals(code, 0);
  assertMatch(stderr, /^requeued 0 jobs\n1 job was left alone: 1-\w+ \(it.* taken by 2-\w+\)\n$/);
});

test("requeue --json prints an object", async () => {
  await using queue = await withEnded();
  const { stdout } = await queue.jobq(["requeue", "--json", "1", "4"]);
  const { refused: [refused], ...rest } = JSON.parse(stdout);
  assertEquals([rest, refused.reason], [{ requeued: 1, children: 0 }, "is waiting already"]);
});

for (
  const [words, said] of [[[], "none were named"], [
    ["--failed", "1"],
    "both ids and states were given",
  ]] as const
) {
  test(`requeue ${words.join(" ")} exits with 2`, async () => {
    await using queue = await withEnded();
    const { code, stderr } = await queue.jobq(["requeue", ...words]);
    assertEquals(code, 2);
    assertMatch(stderr, new RegExp(`Cannot tell which jobs are meant: ${said}\nhint: name their ids`));
    assertEquals(await queue.commands(), ["waiting"]);
  });
}
