import { main } from "../../src/cli/main.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { FakeIo } from "../support/fake_io.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

/** A queue with jobs 1 (completed with 7), 2 (failed) and 3 (waiting). */
async function withThree(): Promise<QueueFile> {
  const queue = await QueueFile.with("good", "bad", "waiting");
  await queue.look(async (handle) => {
    await (await handle.lease({ leaseMs: 60_000, waitMs: 0 }))?.ack(7);
    await (await handle.lease({ leaseMs: 60_000, waitMs: 0 }))?.deadLetter({
      kind: "failed",
      message: "exit code 3",
      at: Date.now(),
    });
  });
  return queue;
}

const CASES: readonly [words: readonly string[], code: number, said: RegExp][] = [
  [["1"], 0, /^1 job completed\n$/],
  [["1", "2"], 1, /^1 job completed; 1 did not: 2-\w+ failed \(exit code 3\)\n$/],
  [["2"], 1, /^0 jobs completed; 1 did not: 2-\w+ failed \(exit code 3\)\n$/],
  [["1", "3", "--any"], 0, /^1 job completed; 1 not finished\n$/],
  [["2", "3", "--any"], 1, /1 did not: 2-\w+ failed/],
  [["2", "1", "--any"], 0, /^1 job completed; 1 did not/],
  [["2", "3", "--fail-fast"], 1, /1 did not: 2-\w+ failed \(exit code 3\); 1 not finished/],
  [["1", "3", "--timeout", "10ms"], 124, /^gave up after 10ms: 1 job completed; 1 not finished\n$/],
  [["3", "--any", "--timeout", "10ms"], 124, /^gave up after 10ms: 0 jobs completed; 1 not finished\n$/],
  [["--all", "--timeout", "0"], 124, /^gave up after 0ms: 1 job completed; 1 did not: .*; 1 not finished\n$/],
];
for (const [words, expected, said] of CASES) {
  test(`wait ${words.join(" ")} exits with ${expected}`, async () => {
    await using queue = await withThree();
    const { code, stdout, stderr } = await queue.jobq(["wait", ...words]);
    assertEquals([code, stdout], [expected, ""]);
    assertMatch(stderr, said);
  });
}

test("wait returns when a worker has completed the jobs, and exits with 0", async () => {
  await using queue = await QueueFile.with("true", "true");
  const waiting = queue.process(["wait", "--all"]);
  assertEquals((await queue.process(["worker", "--quiet"])).code, 0);
  const { code, stderr } = await waiting;
  assertEquals([code, stderr], [0, "2 jobs completed\n"]);
});

test("wait --json prints the jobs with their results, in the order asked for", async () => {
  await using queue = await withThree();
  const { code, stdout } = await queue.jobq(["wait", "--json", "2", "1"]);
  assertEquals(code, 1);
  const jobs = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(jobs.map(({ cmd, state, result, error }) => [cmd, state, result, error]), [
    ["bad", "failed", undefined, "exit code 3"],
    ["good", "completed", 7, undefined],
  ]);
});

test("wait --quiet says nothing", async () => {
  await using queue = await withThree();
  assertEquals((await queue.jobq(["wait", "1", "--quiet"])).stderr, "");
});

for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`wait exits with ${expected} on ${signal}, and listens to no signal any more`, async () => {
    await using queue = await withThree();
    const fake = new FakeIo();
    const ended = main([queue.path, "wait", "3"], fake.io);
    await waitUntil(() => fake.handlers.has(signal));
    fake.handlers.get(signal)?.();
    assertEquals([await ended, fake.handlers.size], [expected, 0]);
  });
}

test("wait says of a job's error no control characters", async () => {
  await using queue = await QueueFile.with("a");
  await queue.look(async (handle) =>
    (await handle.lease({ leaseMs: 60_000, waitMs: 0 }))?.deadLetter({
      kind: "failed",
      message: "a\x1b[2Jb",
      at: Date.now(),
    })
  );
  const { stderr } = await queue.jobq(["wait", "1"]);
  assert(!stderr.includes("\x1b") && stderr.includes("a [2Jb"), stderr);
});

const BAD: readonly [words: readonly string[], said: RegExp][] = [
  [[], /none were named\nhint: name their ids/],
  [["--all", "1"], /--all and ids were given/],
  [["--all", "--any"], /Cannot wait for any of all jobs/],
  [["77"], /Cannot find "77": no job starts with it/],
];
for (const [words, said] of BAD) {
  test(`wait ${words.join(" ")} exits with 2`, async () => {
    await using queue = await withThree();
    const { code, stderr } = await queue.jobq(["wait", ...words]);
    assertEquals(code, 2);
    assertMatch(stderr, said);
  });
}
