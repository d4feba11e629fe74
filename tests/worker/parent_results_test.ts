import { BackendError } from "../../src/core/errors.ts";
import type { NewJob } from "../../src/core/job.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { type Fault, FaultyQueue } from "../support/faulty_queue.ts";
import { commandOf, shellJob } from "../support/jobs.ts";
import { test } from "../support/testing.ts";
import { type BenchOptions, setUpWorker } from "../support/worker_bench.ts";

/** Two parents, of which one leaves a result, and their child. */
const FAMILY: readonly NewJob[] = [
  shellJob("with result", { key: "a" }),
  shellJob("without", { key: "b" }),
  shellJob("child", { after: [{ key: "a" }, { key: "b" }] }),
];

/** A worker on that family; `fault` is asked for each read of parents' results, counted from 1. */
async function setUp(
  fault: (call: number) => void | Promise<void> = () => {},
  options: BenchOptions = {},
) {
  const reads = { count: 0 };
  const onRead: Fault = async (operation) => {
    if (operation === "parentResults") await fault(++reads.count);
  };
  const bench = await setUpWorker(
    FAMILY,
    (job) => ({ kind: "succeeded", result: commandOf(job) === "with result" ? { loss: 0.5 } : undefined }),
    { front: (queue) => new FaultyQueue(queue, onRead), ...options },
  );
  return { ...bench, reads };
}

const transient = () => new BackendError("the file is locked", { transient: true });

test("a job with parents is handed their results, in the order in which they were named", async () => {
  const { worker, runner, ids: [a = "", b = ""] } = await setUp();
  await worker.run();
  const { parentResults } = runner.executions[2]?.context ?? {};
  assertEquals(parentResults, { [a]: { loss: 0.5 }, [b]: null });
  assertEquals(Object.keys(parentResults ?? {}), [a, b]);
});

test("for jobs without parents nothing is read", async () => {
  const { worker, runner, reads } = await setUp();
  await worker.run();
  assertEquals(reads.count, 1);
  assertEquals(runner.executions.slice(0, 2).map(({ context }) => context.parentResults), [
    undefined,
    undefined,
  ]);
});

test("a read that fails for a while is repeated", async () => {
  const { worker, clock, reads } = await setUp((call) => {
    if (call < 10) throw transient();
  });
  const done = worker.run();
  await clock.advance(60_000);
  assertEquals([(await done).completed, reads.count], [3, 10]);
});

test("the job's time does not run while the results of its parents cannot be read", async () => {
  const child = shellJob("child", { after: [{ key: "a" }], timeoutMs: 1_000 });
  const { worker, clock } = await setUpWorker(
    [shellJob("a", { key: "a" }), child],
    () => ({ kind: "succeeded" }),
    {
      front: (queue) =>
        new FaultyQueue(queue, (operation) => {
          if (operation === "parentResults" && clock.now() < readableAt) throw transient();
        }),
    },
  );
  const readableAt = clock.now() + 30_000;
  const done = worker.run();
  await clock.advance(60_000);
  assertEquals((await done).completed, 2);
});

test("results that cannot be read give the job back, uncounted, and end the worker with the reason", async () => {
  const { worker, clock, queue, ids: [, , child = ""], runner } = await setUp(() => {
    throw new BackendError("the file is damaged");
  });
  const done = assertRejects(worker.run(), BackendError);
  await clock.advance(0);
  assertEquals((await done).message, "the file is damaged");
  const job = await queue.get(child);
  assertEquals([job?.state, job?.attempts, runner.executions.length], ["pending", 0, 2]);
});

test("a worker that is interrupted while it tries to read them gives the job back and leaves", async () => {
  const { worker, clock, queue, ids: [, , child = ""] } = await setUp(() => {
    throw transient();
  });
  const done = worker.run();
  await clock.advance(1_000);
  worker.interrupt();
  const { reason, completed, released } = await done;
  assertEquals({ reason, completed, released }, { reason: "interrupted", completed: 2, released: 1 });
  assertEquals((await queue.get(child))?.state, "pending");
});

test("a job that is cancelled before it was started is not started", async () => {
  const { worker, queue, ids: [, , child = ""], runner } = await setUp(async () => {
    await queue.cancel([child]);
  });
  assertEquals((await worker.run()).cancelled, 1);
  assertEquals(runner.executions.length, 2);
  assertEquals((await queue.get(child))?.state, "cancelled");
});
