import { BackendError } from "../../src/core/errors.ts";
import type { PruneOptions, PruneResult } from "../../src/core/job_store.ts";
import { assertEquals } from "../support/assert.ts";
import { FaultyQueue } from "../support/faulty_queue.ts";
import { commandOf, shellJob } from "../support/jobs.ts";
import { FAILED } from "../support/scripted_runner.ts";
import { test } from "../support/testing.ts";
import { type Bench, setUpWorker } from "../support/worker_bench.ts";

const MINUTE_MS = 60_000;

/** The commands of the jobs that are still known, oldest first. */
async function known({ queue }: Bench): Promise<readonly string[]> {
  return (await queue.list({ reverse: true })).map(commandOf);
}

/** Completes jobs that are pushed one minute after the other. */
async function completeOneAMinute(
  { queue, clock }: Bench,
  commands: readonly string[],
): Promise<void> {
  for (const command of commands) {
    await queue.enqueue([shellJob(command)]);
    await (await queue.lease({ leaseMs: MINUTE_MS, waitMs: 0 }))?.ack();
    await clock.advance(MINUTE_MS);
  }
}

test("records that are older than their age go when the worker starts", async () => {
  const bench = await setUpWorker([], () => ({ kind: "succeeded" }), { keepFinished: { ageMs: 90_000 } });
  await completeOneAMinute(bench, ["old", "older than a minute", "new"]);
  await bench.worker.run();
  assertEquals(await known(bench), ["new"]);
});

test("of the finished jobs the last ones are kept, by their number", async () => {
  const bench = await setUpWorker([], () => ({ kind: "succeeded" }), { keepFinished: { count: 2 } });
  await completeOneAMinute(bench, ["1", "2", "3"]);
  await bench.worker.run();
  assertEquals(await known(bench), ["2", "3"]);
});

test("records are looked through every 10 min, and when the worker leaves", async () => {
  const bench = await setUpWorker([], () => ({ kind: "succeeded" }), {
    keepFinished: { count: 0 },
    idleTimeoutMs: Infinity,
  });
  const { worker, queue, clock } = bench;
  const done = worker.run();
  await clock.advance(MINUTE_MS);
  await queue.enqueue([shellJob("first")]);
  await clock.advance(8 * MINUTE_MS);
  assertEquals(await known(bench), ["first"]);
  await clock.advance(MINUTE_MS);
  assertEquals(await known(bench), []);
  await queue.enqueue([shellJob("second")]);
  await clock.advance(MINUTE_MS);
  assertEquals(await known(bench), ["second"]);
  worker.drain();
  await done;
  assertEquals(await known(bench), []);
});

test("cancelled jobs go with the completed ones, and dead letters stay", async () => {
  const bench = await setUpWorker(
    [shellJob("bad"), shellJob("good"), shellJob("cancelled")],
    (job) => commandOf(job) === "bad" ? FAILED : { kind: "succeeded" },
    { keepFinished: { count: 0 } },
  );
  await bench.queue.cancel(bench.ids.slice(2));
  await bench.worker.run();
  assertEquals(await known(bench), ["bad"]);
});

test("without a wish all records are kept", async () => {
  const bench = await setUpWorker([], () => ({ kind: "succeeded" }));
  await completeOneAMinute(bench, ["1", "2"]);
  await bench.worker.run();
  assertEquals(await known(bench), ["1", "2"]);
});

test("records that cannot be removed are a warning, and no reason to leave", async () => {
  class Unprunable extends FaultyQueue {
    override prune(_options?: PruneOptions): Promise<PruneResult> {
      return Promise.reject(new BackendError("the file is locked", { transient: true }));
    }
  }
  const { worker, logged } = await setUpWorker([shellJob()], () => ({ kind: "succeeded" }), {
    front: (queue) => new Unprunable(queue, () => {}),
    keepFinished: { count: 0 },
  });
  assertEquals((await worker.run()).completed, 1);
  const warning = "warn: cannot remove the records of finished jobs: the file is locked";
  assertEquals(logged().filter((line) => line.startsWith("warn")), [warning, warning]);
});

test("a worker that leaves waits 5 s at most for a queue that does not answer", async () => {
  const signals: (AbortSignal | undefined)[] = [];
  class Silent extends FaultyQueue {
    override prune({ signal }: PruneOptions = {}): Promise<PruneResult> {
      signals.push(signal);
      // Only the signal ends it, as where another process holds the lock of a file.
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    }
  }
  const { worker, clock, logged } = await setUpWorker([shellJob()], () => ({ kind: "succeeded" }), {
    front: (queue) => new Silent(queue, () => {}),
    keepFinished: { count: 0 },
  });
  const done = worker.run();
  await clock.advance(5_000);
  assertEquals((await done).completed, 1);
  assertEquals(signals.map((signal) => signal?.aborted), [true, true]);
  assertEquals(logged().filter((line) => line.startsWith("warn")), []);
});
