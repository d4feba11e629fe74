import { assertBetween, assertEquals, assertExists } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { conformanceTest, type Harness, LONG_MS } from "./harness.ts";

/** Waiting for a job, by the machine's clock. */
export function waitTopic(harness: Harness): void {
  const real = { ...harness, clockIsReplaceable: false };

  conformanceTest(real, "lease() is woken by enqueue()", async (it) => {
    const other = await it.open();
    const waiting = it.queue.lease({ leaseMs: LONG_MS, waitMs: LONG_MS });
    const startedAt = Date.now();
    const [id] = await other.enqueue([shellJob()]);
    await using lease = assertExists(await waiting);
    assertEquals(lease.job.id, id);
    assertBetween(Date.now() - startedAt, 0, LONG_MS / 2);
  });

  conformanceTest(real, "lease() is woken by a release", async (it) => {
    const other = await it.open();
    const [id] = await it.queue.enqueue([shellJob()]);
    const held = await it.next({ from: other });
    const waiting = it.queue.lease({ leaseMs: LONG_MS, waitMs: LONG_MS });
    await held.release();
    await using lease = assertExists(await waiting);
    assertEquals(lease.job.id, id);
  });

  conformanceTest(real, "lease() waits for a delayed job", async (it) => {
    const [id] = await it.queue.enqueue([shellJob("true", { delayMs: it.leaseMs })]);
    await using lease = assertExists(await it.queue.lease({ leaseMs: LONG_MS, waitMs: LONG_MS }));
    assertEquals(lease.job.id, id);
  });

  conformanceTest(real, "lease() gives up after waitMs", async (it) => {
    const startedAt = Date.now();
    assertEquals(await it.queue.lease({ leaseMs: LONG_MS, waitMs: 100 }), undefined);
    assertBetween(Date.now() - startedAt, 95, LONG_MS / 2);
  });

  conformanceTest(real, "lease() gives up when aborted", async (it) => {
    const controller = new AbortController();
    const waiting = it.queue.lease({ leaseMs: LONG_MS, waitMs: Infinity, signal: controller.signal });
    controller.abort();
    assertEquals(await waiting, undefined);
  });

  conformanceTest(harness, "lease() takes nothing when its signal is aborted already", async (it) => {
    await it.queue.enqueue([shellJob()]);
    assertEquals(
      await it.queue.lease({ leaseMs: LONG_MS, waitMs: LONG_MS, signal: AbortSignal.abort() }),
      undefined,
    );
    await it.assertCounts({ ready: 1 });
  });

  conformanceTest(
    real,
    "an abort does not lose the job that came at the same time",
    async (it) => {
      const controller = new AbortController();
      const waiting = it.queue.lease({ leaseMs: LONG_MS, waitMs: LONG_MS, signal: controller.signal });
      await it.queue.enqueue([shellJob()]);
      controller.abort();
      const lease = await waiting;
      await lease?.release();
      await it.assertCounts({ ready: 1 });
    },
  );
}
