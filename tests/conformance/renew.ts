import { LeaseLostError, UsageError } from "../../src/core/errors.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { conformanceTest, type Harness, LONG_MS } from "./harness.ts";

/** Prolonging a lease. */
export function renewTopic(harness: Harness): void {
  conformanceTest(harness, "renew() keeps the job past the end of the first lease", async (it) => {
    await it.queue.enqueue([shellJob()]);
    await using lease = await it.next({ leaseMs: it.leaseMs });
    await lease.renew(LONG_MS);
    await it.pass(it.leaseMs);
    await it.assertNothingDue();
  });

  conformanceTest(harness, "renew() moves expiresAt", async (it) => {
    await it.queue.enqueue([shellJob()]);
    await using lease = await it.next({ leaseMs: LONG_MS });
    const before = lease.expiresAt;
    await lease.renew(3 * LONG_MS);
    assert(lease.expiresAt >= before + LONG_MS);
  });

  conformanceTest(harness, "renew() can shorten a lease", async (it) => {
    const [id] = await it.queue.enqueue([shellJob()]);
    const lease = await it.next({ leaseMs: LONG_MS });
    await lease.renew(it.leaseMs);
    await it.pass(it.leaseMs);
    await using again = await it.next();
    assertEquals(again.job.id, id);
  });

  conformanceTest(harness, "a renewed lease settles its job", async (it) => {
    await it.queue.enqueue([shellJob()]);
    const lease = await it.next({ leaseMs: LONG_MS });
    await lease.renew(LONG_MS);
    await lease.ack();
    await it.assertCounts({});
  });

  conformanceTest(harness, "renew() of a job that another holder has is a LeaseLostError", async (it) => {
    await it.queue.enqueue([shellJob()]);
    const late = await it.next({ leaseMs: it.leaseMs });
    await it.pass(it.leaseMs);
    await using _newer = await it.next();
    await assertRejects(late.renew(LONG_MS), LeaseLostError);
  });

  conformanceTest(harness, "a lost lease says so through its signal, with the reason", async (it) => {
    await it.queue.enqueue([shellJob()]);
    const late = await it.next({ leaseMs: it.leaseMs });
    await it.pass(it.leaseMs);
    await using _newer = await it.next();
    assertEquals(late.lost.aborted, false);
    const error = await assertRejects(late.renew(LONG_MS), LeaseLostError);
    assert(late.lost.aborted && late.lost.reason === error);
  });

  conformanceTest(harness, "renew() refuses what is no span of time and keeps the lease", async (it) => {
    await it.queue.enqueue([shellJob()]);
    const lease = await it.next();
    for (const leaseMs of [0, -5, NaN, Infinity]) await assertRejects(lease.renew(leaseMs), UsageError);
    await it.assertNothingDue();
    await lease.ack();
  });
}
