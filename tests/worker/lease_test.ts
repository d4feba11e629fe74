import { MemoryQueue } from "../../src/backends/memory/queue.ts";
import { BackendError, LeaseLostError } from "../../src/core/errors.ts";
import type { Capabilities } from "../../src/core/queue.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import { silentLogger } from "../../src/log/logger.ts";
import type { StopReason } from "../../src/runner/runner.ts";
import { Gatekeeper } from "../../src/worker/gatekeeper.ts";
import { runAttempt } from "../../src/worker/attempt.ts";
import { Worker } from "../../src/worker/worker.ts";
import type { WorkerOptions } from "../../src/worker/worker_options.ts";
import { assert, assertEquals, assertExists, assertRejects } from "../support/assert.ts";
import { type Fault, FaultyQueue } from "../support/faulty_queue.ts";
import { shellJob } from "../support/jobs.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedRunner, untilStopped } from "../support/scripted_runner.ts";
import { test } from "../support/testing.ts";

const LEASE_MS = 60_000;
const SUCCEEDED: Outcome = { kind: "succeeded" };
const transient = () => new BackendError("the network is down", { transient: true });

async function setUp(
  fault: Fault,
  script: ConstructorParameters<typeof ScriptedRunner>[0],
  options: Partial<WorkerOptions> = {},
  capabilities: Partial<Capabilities> = {},
) {
  const clock = new ManualClock();
  const memory = new MemoryQueue({ clock });
  await memory.enqueue([shellJob()]);
  const runner = new ScriptedRunner(script);
  const queue = new FaultyQueue(memory, fault, capabilities);
  const worker = new Worker({ queue, runner, clock, leaseMs: LEASE_MS, ...options });
  return { clock, memory, runner, worker };
}

/** Counts the calls of one operation and fails those that `fails` names, counted from 1. */
function counting(operation: Parameters<Fault>[0], fails: (call: number) => unknown = () => undefined) {
  const calls: { at?: number; count: number } = { count: 0 };
  const fault: Fault = (called) => {
    if (called !== operation) return;
    const error = fails(++calls.count);
    if (error !== undefined) throw error;
  };
  return { calls, fault };
}

test("a lease is renewed at each third of its time", async () => {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const { calls, fault } = counting("renew");
  const { clock, worker } = await setUp(fault, () => promise);
  const done = worker.run();
  await clock.advance(LEASE_MS / 3 - 1);
  assertEquals(calls.count, 0);
  await clock.advance(1);
  assertEquals(calls.count, 1);
  await clock.advance(9 * LEASE_MS / 3);
  assertEquals(calls.count, 10);
  resolve(SUCCEEDED);
  assertEquals((await done).completed, 1);
});

test("without a heartbeat no lease is renewed, and a job that runs longer is completed if nobody took it", async () => {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const { calls, fault } = counting("renew");
  const { clock, worker, runner, memory } = await setUp(fault, () => promise, { heartbeat: false });
  const done = worker.run();
  await clock.advance(10 * LEASE_MS);
  assertEquals([calls.count, runner.executions[0]?.context.signal.aborted], [0, false]);
  resolve(SUCCEEDED);
  assertEquals([(await done).completed, (await memory.counts()).completed], [1, 1]);
});

test("without a heartbeat a job that another took meanwhile runs to its end, and is then lost", async () => {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const { clock, worker, runner, memory } = await setUp(() => {}, () => promise, { heartbeat: false });
  const done = worker.run();
  await clock.advance(LEASE_MS + 1);
  const other = await memory.lease({ leaseMs: LEASE_MS, waitMs: 0 });
  await other?.ack("theirs");
  await clock.advance(10 * LEASE_MS);
  assertEquals(runner.executions[0]?.context.signal.aborted, false);
  resolve(SUCCEEDED);
  assertEquals(await done, { reason: "idle", completed: 0, failed: 0, cancelled: 0, released: 0, lost: 1 });
  assertEquals((await memory.get(runner.executions[0]?.job.id ?? ""))?.result, "theirs");
});

test("without a heartbeat a job is stopped when the queue itself says that its lease is lost", async () => {
  const clock = new ManualClock();
  const queue = new MemoryQueue({ clock });
  await queue.enqueue([shellJob()]);
  const lease = assertExists(await queue.lease({ leaseMs: LEASE_MS, waitMs: 0 }));
  const never = new AbortController().signal;
  const report = runAttempt(lease, {
    queue,
    runner: new ScriptedRunner(untilStopped),
    leaseMs: LEASE_MS,
    heartbeat: false,
    retry: {},
    workerId: "w1",
    slot: 0,
    gatekeeper: new Gatekeeper({ queue, stays: false, clock, log: silentLogger }),
    interrupt: never,
    kill: never,
    clock,
    log: silentLogger,
  });
  await clock.advance(LEASE_MS + 1);
  await queue.lease({ leaseMs: LEASE_MS, waitMs: 0 });
  // Whatever the queue is asked about the lease, it tells.
  await assertRejects(lease.renew(LEASE_MS), LeaseLostError);
  assertEquals(await report, { kind: "lost" });
});

test("a failed renewal is tried again before half of the lease is over", async () => {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const { calls, fault } = counting("renew", (call) => call <= 3 ? transient() : undefined);
  const { clock, worker } = await setUp(fault, () => promise);
  const done = worker.run();
  await clock.advance(LEASE_MS / 2);
  assert(calls.count >= 4, `${calls.count} renewals`);
  await clock.advance(LEASE_MS);
  resolve(SUCCEEDED);
  assertEquals(await done, { reason: "idle", completed: 1, failed: 0, cancelled: 0, released: 0, lost: 0 });
});

test("when no renewal succeeds until the lease ends, the job is stopped and nothing is settled", async () => {
  const settled: string[] = [];
  const { clock, worker, runner, memory } = await setUp(
    (operation) => {
      if (operation === "renew") throw transient();
      if (operation !== "lease") settled.push(operation);
    },
    untilStopped,
    { maxJobs: 1 },
  );
  const done = worker.run();
  await clock.advance(LEASE_MS);
  assertEquals(await done, {
    reason: "max-jobs",
    completed: 0,
    failed: 0,
    cancelled: 0,
    released: 0,
    lost: 1,
  });
  assertEquals(settled, []);
  assertEquals((runner.executions[0]?.context.signal.reason as StopReason).kind, "lease-lost");
  assertEquals((await memory.counts()).unfinished, 1);
});

test("a worker that was suspended past its lease settles nothing of what another has finished", async () => {
  const others: string[] = [];
  const { clock, worker, memory, runner } = await setUp(async (operation) => {
    // The first thing that it does when it is woken is to renew; the other one was there before.
    if (operation !== "renew") return;
    const other = await memory.lease({ leaseMs: LEASE_MS, waitMs: 0 });
    others.push(other?.job.id ?? "none");
    await other?.ack("theirs");
  }, untilStopped);
  const done = worker.run();
  await clock.advance(0);
  await clock.jump(LEASE_MS + 1);
  assertEquals(await done, { reason: "idle", completed: 0, failed: 0, cancelled: 0, released: 0, lost: 1 });
  assertEquals(others, [runner.executions[0]?.job.id ?? ""]);
  assertEquals((await memory.counts()).completed, 1);
});

test("a lost lease is not counted as a failure of the slot", async () => {
  const { clock, worker } = await setUp(
    (operation) => {
      if (operation === "renew") throw transient();
    },
    untilStopped,
    { maxConsecutiveFailures: 0, maxJobs: 2 },
  );
  const done = worker.run();
  await clock.advance(10 * LEASE_MS);
  assertEquals((await done).reason, "max-jobs");
});

test("a settlement that fails for a while is repeated, with the lease renewed meanwhile", async () => {
  const renewals = counting("renew");
  const acks = counting("ack", (call) => call < 20 ? transient() : undefined);
  const { clock, worker, memory } = await setUp(async (operation) => {
    await renewals.fault(operation);
    await acks.fault(operation);
  }, () => SUCCEEDED);
  const done = worker.run();
  await clock.advance(3 * LEASE_MS);
  assertEquals((await done).completed, 1);
  assert(renewals.calls.count > 0);
  assertEquals((await memory.counts()).completed, 1);
});

test("a settlement that cannot succeed is reported, and the worker goes on", async () => {
  const { fault } = counting(
    "ack",
    (call) => call === 1 ? new BackendError("the file is damaged") : undefined,
  );
  const { clock, worker, memory } = await setUp(fault, () => SUCCEEDED);
  await memory.enqueue([shellJob()]);
  const done = worker.run();
  await clock.advance(0);
  assertEquals(await done, { reason: "idle", completed: 1, failed: 0, cancelled: 0, released: 0, lost: 1 });
});

test("a queue that cannot be reached for a while is tried again", async () => {
  const { fault, calls } = counting("lease", (call) => call <= 5 ? transient() : undefined);
  const { clock, worker } = await setUp(fault, () => SUCCEEDED);
  const done = worker.run();
  await clock.advance(120_000);
  assertEquals((await done).completed, 1);
  assert(calls.count > 5);
});

test("a broken queue ends the worker with its error, after the running jobs", async () => {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const { fault } = counting(
    "lease",
    (call) => call === 2 ? new BackendError("the file is damaged") : undefined,
  );
  const { clock, worker, memory } = await setUp(fault, () => promise, { slots: 2 });
  const done = assertRejects(worker.run(), BackendError);
  await clock.advance(0);
  resolve(SUCCEEDED);
  assertEquals((await done).message, "the file is damaged");
  assertEquals((await memory.counts()).completed, 1);
});

test("an interruption while a settlement waits gives the slot up at once when killed", async () => {
  const { fault } = counting("release", () => transient());
  const { clock, worker } = await setUp(fault, untilStopped);
  const done = worker.run();
  await clock.advance(0);
  worker.kill();
  await clock.advance(100);
  assertEquals(await done, {
    reason: "interrupted",
    completed: 0,
    failed: 0,
    cancelled: 0,
    released: 0,
    lost: 1,
  });
});

test("a job is kept through an outage that keeps everybody else from the queue, too", async () => {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const { calls, fault } = counting("renew", (call) => call <= 30 ? transient() : undefined);
  const { clock, worker, runner } = await setUp(fault, () => promise, {}, { sharedOutages: true });
  const done = worker.run();
  await clock.advance(2 * LEASE_MS);
  assert(calls.count > 30, `${calls.count} renewals`);
  assertEquals(runner.executions[0]?.context.signal.aborted, false);
  resolve(SUCCEEDED);
  assertEquals((await done).completed, 1);
});

test("leases whose renewals cost as much as one are renewed at the same moments", async () => {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const times: number[] = [];
  const { clock, worker, memory } = await setUp(
    (operation) => operation === "renew" ? void times.push(clock.now()) : undefined,
    () => promise,
    { slots: 2 },
    { sharedRenewals: true },
  );
  const done = worker.run();
  await clock.advance(LEASE_MS / 10);
  await memory.enqueue([shellJob()]);
  await clock.advance(2 * LEASE_MS);
  assertEquals(times.length, 2 * new Set(times).size - (times.length % 2));
  assert(times.length >= 10, `${times.length} renewals`);
  resolve(SUCCEEDED);
  assertEquals((await done).completed, 2);
});

test("a lease that comes in the moment of the stop is given back, and the job not started", async () => {
  const { clock, worker, runner, memory } = await setUp((operation) => {
    if (operation === "lease") worker.drain();
  }, () => SUCCEEDED);
  const done = worker.run();
  await clock.advance(0);
  assertEquals([(await done).reason, runner.executions.length, (await memory.counts()).ready], [
    "drained",
    0,
    1,
  ]);
});
