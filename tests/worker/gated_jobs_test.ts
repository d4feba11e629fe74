import { MemoryQueue } from "../../src/backends/memory/queue.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { NewJob } from "../../src/core/job.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import { DEFAULT_GATE_SETTINGS } from "../../src/worker/gate/gate_settings.ts";
import { assert, assertBetween, assertEquals } from "../support/assert.ts";
import { FaultyQueue } from "../support/faulty_queue.ts";
import { commandOf, shellJob } from "../support/jobs.ts";
import type { ManualClock } from "../support/manual_clock.ts";
import { FAILED } from "../support/scripted_runner.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { setUpWorker } from "../support/worker_bench.ts";

const SUCCEEDED: Outcome = { kind: "succeeded" };
const REFUSED: NewJob = shellJob("not here", { gateCmd: "echo no GPU; exit 3" });
/** Real processes do not wait for a test's clock; refused jobs that come back at once do not need it. */
const AT_ONCE = { ...DEFAULT_GATE_SETTINGS, requeueDelayMs: 0 };
/** The worker leaves with the first refusal. */
const ONE = { ...DEFAULT_GATE_SETTINGS, maxNotQualified: 1 };

/** Has time pass until a worker has left; its gates run meanwhile, in real time. */
async function passDelays(clock: ManualClock, run: Promise<unknown>): Promise<void> {
  let hasLeft = false;
  void run.finally(() => hasLeft = true);
  await waitUntil(async () => {
    await clock.advance(100);
    return hasLeft;
  });
}

test("a job runs where its gate passes", async () => {
  const { worker, runner } = await setUpWorker(
    [shellJob("here", { gateCmd: 'test "$JOBQ_WORKER_ID" = w7' })],
    () => SUCCEEDED,
    { workerId: "w7" },
  );
  const { completed } = await worker.run();
  assertEquals([completed, runner.executions.length], [1, 1]);
});

test("a job goes back where its gate refuses it, for the gate's delay, with no attempt counted", async () => {
  const { worker, queue, runner, ids: [id = ""], clock } = await setUpWorker([REFUSED], () => SUCCEEDED, {
    workerId: "w7",
    gates: ONE,
  });
  const summary = await worker.run();
  assertEquals([summary.reason, summary.released, runner.executions.length], ["not-qualified", 1, 0]);
  const job = await queue.get(id);
  assertEquals([job?.state, job?.attempts, job?.visibleAt], ["pending", 0, clock.now() + 5_000]);
  const [refusal] = job?.refusals ?? [];
  assertEquals([refusal?.workerId, refusal?.reason, refusal?.times], ["w7", "exit code 3: no GPU", 1]);
});

test("other jobs run meanwhile, and the log says what became of the refused one", async () => {
  const { worker, runner, logged, ids } = await setUpWorker([REFUSED, shellJob("here")], () => SUCCEEDED, {
    maxJobs: 1,
  });
  await worker.run();
  assertEquals(runner.executions.map(({ job }) => commandOf(job)), ["here"]);
  const told = logged().filter((line) => line.startsWith("info: job"));
  assertEquals(told[0], `info: job ${ids[0]} is not for this worker: its gate refused it`);
  assert(!told.includes(`info: job ${ids[0]} started`));
  assert(logged().every((line) => line.startsWith("debug") || !line.includes("GPU")));
});

test("a worker that gates refuse again and again leaves", async () => {
  const { worker, logged } = await setUpWorker([REFUSED], () => SUCCEEDED, {
    gates: { ...AT_ONCE, maxNotQualified: 10 },
  });
  const { reason, released } = await worker.run();
  assertEquals([reason, released], ["not-qualified", 10]);
  assert(logged().includes("warn: the gates of 10 jobs in a row refused this worker; leaving"));
});

test("a job that runs in between makes a worker useful again", async () => {
  const jobs = [REFUSED, REFUSED, shellJob("here"), REFUSED, REFUSED].map((job) => ({ ...job }));
  const { worker, clock } = await setUpWorker(jobs, () => SUCCEEDED, {
    gates: { ...DEFAULT_GATE_SETTINGS, maxNotQualified: 3 },
  });
  const run = worker.run();
  await passDelays(clock, run);
  // Two before it, two after it, and the third in a row when the first one comes back.
  const { reason, completed, released } = await run;
  assertEquals([reason, completed, released], ["not-qualified", 1, 5]);
});

test("a worker does not leave while a job that it was refused is to come back", async () => {
  await using directory = await TempDir.make();
  const gateCmd = `test -e ${directory.join("mark")} || { : > ${directory.join("mark")}; exit 1; }`;
  const { worker, clock } = await setUpWorker([shellJob("here", { gateCmd })], () => SUCCEEDED, {
    gates: { ...DEFAULT_GATE_SETTINGS, negativeTtlMs: 0 },
  });
  const run = worker.run();
  await passDelays(clock, run);
  const { reason, completed } = await run;
  assertEquals([reason, completed], ["idle", 1]);
});

test("a worker that stays whatever comes rests between jobs once gates refuse all of them", async () => {
  const { worker, clock, queue, ids: [id = ""] } = await setUpWorker([REFUSED], () => SUCCEEDED, {
    gates: { ...AT_ONCE, maxNotQualified: 3 },
    idleTimeoutMs: Infinity,
  });
  const run = worker.run();
  const timesOf = async () => (await queue.get(id))?.refusals?.[0]?.times ?? 0;
  await waitUntil(async () => await timesOf() === 3);
  for (let round = 4; round < 7; round++) {
    await clock.untilSleeping();
    await clock.advance(1_000);
    await waitUntil(async () => await timesOf() === round);
  }
  worker.drain();
  assertEquals((await run).reason, "drained");
});

test("jobs that were refused are none of the worker's number of jobs", async () => {
  const { worker, runner } = await setUpWorker([REFUSED, shellJob("a"), shellJob("b")], () => SUCCEEDED, {
    maxJobs: 1,
  });
  assertEquals((await worker.run()).reason, "max-jobs");
  assertEquals(runner.executions.map(({ job }) => commandOf(job)), ["a"]);
});

test("refusals are no failures in a row, nor do they end such a row", async () => {
  const jobs = [shellJob("1"), REFUSED, shellJob("2"), REFUSED, shellJob("3"), shellJob("4")];
  const { worker, runner } = await setUpWorker(jobs.map((job) => ({ ...job })), () => FAILED);
  assertEquals((await worker.run()).reason, "too-many-failures");
  assertEquals(runner.executions.length, 3);
});

test("a lease is kept while the gate is asked", async () => {
  await using directory = await TempDir.make();
  const queue = new MemoryQueue({ clock: systemClock });
  const gateCmd = `echo >> ${directory.join("asked")}; sleep 1.2`;
  await queue.enqueue([shellJob("here", { gateCmd })]);
  const { worker, runner } = await setUpWorker([], () => SUCCEEDED, {
    front: () => queue,
    clock: systemClock,
    leaseMs: 300,
  });
  const run = worker.run();
  await waitUntil(() => Deno.readTextFile(directory.join("asked")).then(() => true, () => false));
  // Nobody else gets it.
  assertEquals(await queue.lease({ leaseMs: 1_000, waitMs: 700 }), undefined);
  assertEquals([(await run).completed, runner.executions.length], [1, 1]);
});

test("a job that is cancelled while its gate is asked does not run, and its gate is stopped", async () => {
  await using directory = await TempDir.make();
  const queue = new MemoryQueue({ clock: systemClock });
  const gateCmd = `echo > ${directory.join("asked")}; sleep 60`;
  const [id = ""] = await queue.enqueue([shellJob("here", { gateCmd })]);
  const { worker, runner } = await setUpWorker([], () => SUCCEEDED, {
    front: () => queue,
    clock: systemClock,
  });
  const since = performance.now();
  const run = worker.run();
  await waitUntil(() => Deno.readTextFile(directory.join("asked")).then(() => true, () => false));
  await queue.cancel([id]);
  const { cancelled } = await run;
  assertEquals([cancelled, runner.executions.length, (await queue.get(id))?.state], [1, 0, "cancelled"]);
  assertBetween(performance.now() - since, 0, 30_000);
});

test("where a job cannot be given back for later, it goes back at once and the worker pauses", async () => {
  const { worker, clock, queue, logged, ids: [id = ""] } = await setUpWorker([REFUSED], () => SUCCEEDED, {
    front: (inner) => new FaultyQueue(inner, () => {}, { delayedRelease: false }),
    gates: { ...DEFAULT_GATE_SETTINGS, maxNotQualified: 3 },
  });
  const run = worker.run();
  await waitUntil(async () => (await queue.get(id))?.refusals !== undefined);
  assertEquals((await queue.get(id))?.visibleAt, undefined);
  for (let round = 0; round < 2; round++) {
    await clock.untilSleeping();
    await clock.advance(5_000);
  }
  assertEquals((await run).reason, "not-qualified");
  const warnings = logged().filter((line) => line.startsWith("warn: jobs that their gates refuse"));
  assertEquals(warnings.length, 1);
});

test("… unless a copy may take its place", async () => {
  const { worker, queue, clock, ids: [id = ""] } = await setUpWorker([REFUSED], () => SUCCEEDED, {
    front: (inner) => new FaultyQueue(inner, () => {}, { delayedRelease: false }),
    gateReschedule: true,
    gates: ONE,
  });
  assertEquals((await worker.run()).reason, "not-qualified");
  assertEquals((await queue.get(id))?.visibleAt, clock.now() + 5_000);
});
