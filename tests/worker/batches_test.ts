import type { MemoryQueue } from "../../src/backends/memory/queue.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import type { Lease, LeaseOptions, Queue } from "../../src/core/queue.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FAILURE, shellJob } from "../support/jobs.ts";
import { test } from "../support/testing.ts";
import { setUpWorker } from "../support/worker_bench.ts";

const SUCCEEDED: Outcome = { kind: "succeeded" };
const FAILED: Outcome = { kind: "failed", error: FAILURE.message, retryable: true };

/** What a call was asked for at most, and how many jobs it handed out. */
interface Batch {
  readonly max: number;
  readonly given: number;
}

/** Has the queue hand out several jobs at a time, as the queue services do; `onBatch` is told before the worker is. */
function inBatches(batches: Batch[], onBatch: () => void = () => {}) {
  return (queue: MemoryQueue): Queue =>
    Object.assign(queue, {
      leaseMany: async ({ max, ...options }: LeaseOptions & { max: number }) => {
        const leases: Lease[] = [];
        for (let lease = await queue.lease(options); lease !== undefined;) {
          leases.push(lease);
          lease = leases.length < max ? await queue.lease({ ...options, waitMs: 0 }) : undefined;
        }
        batches.push({ max, given: leases.length });
        onBatch();
        return leases;
      },
    });
}

test("a worker asks for as many jobs as it has free slots, and runs all of them", async () => {
  const batches: Batch[] = [];
  const jobs = Array.from({ length: 5 }, () => shellJob());
  const { worker, runner } = await setUpWorker(jobs, () => SUCCEEDED, {
    slots: 3,
    front: inBatches(batches),
  });
  assertEquals((await worker.run()).completed, 5);
  assertEquals(batches[0], { max: 3, given: 3 });
  assert(batches.every(({ max }) => max >= 1 && max <= 3));
  assertEquals(runner.executions.slice(0, 3).map(({ context }) => context.slot), [0, 1, 2]);
});

test("a worker asks for no more jobs than it may still run", async () => {
  const batches: Batch[] = [];
  const jobs = Array.from({ length: 5 }, () => shellJob());
  const { worker } = await setUpWorker(jobs, () => SUCCEEDED, {
    slots: 4,
    maxJobs: 2,
    front: inBatches(batches),
  });
  assertEquals((await worker.run()).completed, 2);
  assertEquals(batches, [{ max: 2, given: 2 }]);
});

test("jobs that come as the worker is told to stop are all given back", async () => {
  const jobs = Array.from({ length: 3 }, () => shellJob());
  const { worker, queue, runner } = await setUpWorker(jobs, () => SUCCEEDED, {
    slots: 3,
    front: inBatches([], () => worker.drain()),
  });
  await worker.run();
  assertEquals([runner.executions.length, (await queue.counts()).ready], [0, 3]);
});

test("a worker waits for its retry as long as the queue may bring it back late", async () => {
  const { worker, clock, runner } = await setUpWorker(
    [shellJob("x", { maxAttempts: 2, retryDelayMs: 1_000 })],
    ({ attempts }) => attempts === 0 ? FAILED : SUCCEEDED,
    {
      front: (queue) => {
        const lease = queue.lease.bind(queue);
        // Its delays last two seconds longer than they were asked for.
        const late = async (options: LeaseOptions) => {
          const held = await lease(options);
          const retry = held?.retry.bind(held);
          return held && Object.assign(held, {
            retry: (how: Parameters<Lease["retry"]>[0]) => retry?.({ ...how, delayMs: how.delayMs + 2_000 }),
          });
        };
        const capabilities = { ...queue.capabilities, delayErrorMs: 2_000 };
        return Object.assign(queue, { lease: late, capabilities });
      },
    },
  );
  const done = worker.run();
  await clock.advance(10_000);
  assertEquals([(await done).completed, runner.executions.length], [1, 2]);
});
