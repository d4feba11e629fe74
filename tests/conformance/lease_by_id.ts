import { assertEquals, assertExists } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { conformanceTest, type Harness, LONG_MS } from "./harness.ts";
import { jobIn, push } from "./job_in_state.ts";

/** Leasing one job and no other. */
export function leaseByIdTopic(harness: Harness): void {
  const real = { ...harness, clockIsReplaceable: false };

  conformanceTest(harness, "lease() takes the job that is asked for, past others", async (it) => {
    await push(it);
    const job = await push(it);
    await push(it);
    await using lease = await it.next({ job });
    assertEquals([lease.job.id, (await it.queue.counts()).ready], [job, 2]);
  });

  conformanceTest(
    harness,
    "lease() takes no other job when the one that is asked for is not ready",
    async (it) => {
      await push(it);
      const jobs = [
        await push(it, shellJob("true", { delayMs: LONG_MS })),
        await jobIn(it, "running"),
        await jobIn(it, "completed"),
        await jobIn(it, "cancelled"),
        ...["no-such-id", "", "1'; DROP TABLE jobs; --"],
      ];
      for (const job of jobs) {
        assertEquals(await it.queue.lease({ leaseMs: LONG_MS, waitMs: 0, job }), undefined, job);
      }
      assertEquals((await it.queue.counts()).ready, 1);
    },
  );

  conformanceTest(harness, "lease() takes the job that is asked for when its lease has ended", async (it) => {
    const other = await jobIn(it, "running");
    const job = await push(it);
    await it.next({ leaseMs: it.leaseMs, job });
    await it.pass(it.leaseMs);
    await using lease = await it.next({ job });
    assertEquals([lease.job.id, await it.states(other)], [job, ["running"]]);
  });

  conformanceTest(
    real,
    "lease() waits for the job that is asked for, past others that are ready",
    async (it) => {
      await push(it);
      const job = await push(it, shellJob("true", { delayMs: it.leaseMs }));
      await using lease = assertExists(await it.queue.lease({ leaseMs: LONG_MS, waitMs: LONG_MS, job }));
      assertEquals(lease.job.id, job);
    },
  );
}
