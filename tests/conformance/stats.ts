import { assert, assertBetween, assertEquals } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness, LONG_MS } from "./harness.ts";
import { jobIn, push } from "./job_in_state.ts";

const HOUR_MS = 3_600_000;

/** How the queue is doing. */
export function statsTopic(harness: Harness): void {
  conformanceTest(harness, "stats() of an empty queue are zeros, and nothing more", async ({ queue }) => {
    const { counts, total, lastHour, duration, oldestPendingAt, etaMs } = await queue.stats();
    assertEquals({ ...counts }, {
      unfinished: 0,
      ready: 0,
      delayed: 0,
      running: 0,
      failed: 0,
      blocked: 0,
      timeout: 0,
      cancelled: 0,
      completed: 0,
    });
    assertEquals([total, { ...lastHour }], [0, { completed: 0, failed: 0 }]);
    assertEquals([duration, oldestPendingAt, etaMs], [undefined, undefined, undefined]);
  });

  conformanceTest(harness, "stats() count the jobs in each state and in all", async (it) => {
    for (const state of ["running", "pending", "completed", "failed", "timeout", "cancelled"] as const) {
      await jobIn(it, state);
    }
    await push(it, shellJob("true", { delayMs: LONG_MS }));
    const { counts, total, lastHour } = await it.queue.stats();
    assertEquals({ ...counts }, { ...await it.queue.counts() });
    assertEquals([total, { ...lastHour }], [7, { completed: 1, failed: 2 }]);
  });

  conformanceTest(harness, "stats() say since when the oldest job waits for a worker", async (it) => {
    await jobIn(it, "running");
    await it.pass(10);
    const oldest = await push(it);
    await it.pass(10);
    await push(it);
    assertEquals((await it.queue.stats()).oldestPendingAt, (await it.get(oldest)).createdAt);
  });

  conformanceTest(harness, "stats() know median and 95th percentile of how long jobs took", async (it) => {
    const [median, others] = [6, [1, 20, 3, 4, 50, 5, 7, 2, 8, 9]];
    for (const times of [...others, median]) await complete(it, times * it.leaseMs / 100);
    await jobIn(it, "failed");
    await jobIn(it, "running");
    const { duration } = await it.queue.stats();
    assert(duration !== undefined);
    const [medianMs, p95Ms] = [median * it.leaseMs / 100, 50 * it.leaseMs / 100];
    assertBetween(duration.medianMs, medianMs, harness.clockIsReplaceable ? medianMs : Infinity);
    assertBetween(duration.p95Ms, p95Ms, harness.clockIsReplaceable ? p95Ms : Infinity);
    assertEquals(duration.jobs, 11);
  });

  conformanceTest(
    harness,
    "stats() tell how long the unfinished jobs take at the pace since the first completed one began",
    async (it) => {
      const begunAt = it.now();
      await complete(it, 100);
      await complete(it, 100);
      await jobIn(it, "running");
      await push(it);
      await push(it, shellJob("true", { delayMs: LONG_MS }));
      const { etaMs = NaN } = await it.queue.stats();
      // By a clock that cannot be stopped, some time passes while the queue is asked.
      const least = 200 / 2 * 3;
      assert(etaMs >= least && etaMs <= (it.now() - begunAt) / 2 * 3, `${etaMs}`);
    },
  );

  conformanceTest(harness, "stats() without a pace tell no time", async (it) => {
    await jobIn(it, "failed");
    await push(it);
    assertEquals((await it.queue.stats()).etaMs, undefined);
  });

  conformanceTest(harness, "stats() of a queue that is done tell no time left", async (it) => {
    await complete(it, 0);
    assertEquals((await it.queue.stats()).etaMs, 0);
  });

  if (!harness.clockIsReplaceable) return;

  conformanceTest(harness, "stats() forget after an hour how many jobs finished", async (it) => {
    await complete(it, 100);
    await jobIn(it, "failed");
    await it.pass(HOUR_MS / 2);
    await complete(it, 300);
    await it.pass(HOUR_MS / 2 + 1_000);
    const { lastHour, duration, total } = await it.queue.stats();
    assertEquals([{ ...lastHour }, duration?.jobs, total], [{ completed: 1, failed: 0 }, 2, 3]);
  });
}

async function complete(it: Fixture, ms: number): Promise<void> {
  const lease = await it.next({ job: await push(it) });
  await it.pass(ms);
  await lease.ack();
}
