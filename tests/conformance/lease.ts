import { LeaseLostError, UsageError } from "../../src/core/errors.ts";
import { assert, assertBetween, assertEquals, assertRejects } from "../support/assert.ts";
import { commandOf, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Harness, LONG_MS } from "./harness.ts";

/** Getting the exclusive right to a job. */
export function leaseTopic(harness: Harness): void {
  conformanceTest(harness, "lease() answers undefined on an empty queue", async ({ queue }) => {
    assertEquals(await queue.lease({ leaseMs: LONG_MS, waitMs: 0 }), undefined);
  });

  conformanceTest(harness, "lease() hands out jobs in the order in which they were pushed", async (it) => {
    await it.queue.enqueue([shellJob("first"), shellJob("second")]);
    await it.pass(1);
    await it.queue.enqueue([shellJob("third")]);
    const order: string[] = [];
    for (let i = 0; i < 3; i++) {
      const lease = await it.next();
      order.push(commandOf(lease.job));
      await lease.ack();
    }
    assertEquals(order, ["first", "second", "third"]);
  });

  conformanceTest(harness, "a leased job is not handed out again", async (it) => {
    await it.queue.enqueue([shellJob()]);
    await using _lease = await it.next();
    await it.assertNothingDue();
  });

  conformanceTest(harness, "a lease ends after leaseMs", async (it) => {
    await it.queue.enqueue([shellJob()]);
    const before = it.now();
    await using lease = await it.next({ leaseMs: LONG_MS });
    // The bounds allow for backends whose clocks are coarse.
    assertBetween(lease.expiresAt, before + LONG_MS - 2_000, it.now() + LONG_MS + 2_000);
  });

  conformanceTest(harness, "a job whose lease ended is handed out again", async (it) => {
    const [id] = await it.queue.enqueue([shellJob()]);
    await it.next({ leaseMs: it.leaseMs });
    await it.pass(it.leaseMs);
    await using again = await it.next();
    assertEquals(again.job.id, id);
  });

  conformanceTest(harness, "a lease that ended does not count as an attempt", async (it) => {
    await it.queue.enqueue([shellJob()]);
    await it.next({ leaseMs: it.leaseMs });
    await it.pass(it.leaseMs);
    await using again = await it.next();
    assertEquals(again.job.attempts, 0);
  });

  conformanceTest(harness, "a job that loses its lease again and again is poison", async (it) => {
    const [id] = await it.queue.enqueue([shellJob("killer")]);
    for (let i = 0; i < 5; i++) {
      const lease = await it.next({ leaseMs: it.leaseMs });
      assertEquals(lease.job.id, id);
      await it.pass(it.leaseMs);
    }
    await it.queue.enqueue([shellJob("innocent")]);
    await using next = await it.next();
    assertEquals(commandOf(next.job), "innocent");
    await it.assertNothingDue();
    const [letter] = await it.queue.deadLetters.list();
    assertEquals([letter?.job.id, letter?.failure.kind], [id, "poison"]);
  });

  conformanceTest(harness, "two handles never hold the same job", async (it) => {
    const other = await it.open();
    await it.queue.enqueue([shellJob("a"), shellJob("b")]);
    const leases = await Promise.all([it.next(), it.next({ from: other })]);
    assert(leases[0].job.id !== leases[1].job.id);
    for (const lease of leases) await lease.ack();
  });

  conformanceTest(
    harness,
    "lease() refuses a lease that lasts no time, or longer than possible",
    async (it) => {
      await it.queue.enqueue([shellJob()]);
      for (const leaseMs of [0, -1, NaN, harness.capabilities.maxLeaseMs * 2]) {
        await assertRejects(it.queue.lease({ leaseMs, waitMs: 0 }), UsageError);
      }
      await it.assertCounts({ ready: 1 });
    },
  );

  conformanceTest(harness, "a lease of a fraction of a millisecond more is rounded", async (it) => {
    await it.queue.enqueue([shellJob()]);
    await using lease = await it.next({ leaseMs: LONG_MS + 1 / 3 });
    assert(Number.isInteger(lease.expiresAt));
  });

  if (harness.keepsEndedLeases) {
    conformanceTest(
      harness,
      "a lease that ended is its holder's until another one leases the job",
      async (it) => {
        await it.queue.enqueue([shellJob()]);
        const late = await it.next({ leaseMs: it.leaseMs });
        await it.pass(it.leaseMs);
        await it.queue.counts();
        await late.renew(LONG_MS);
        await it.assertNothingDue();
        await late.ack();
        assertEquals((await it.queue.counts()).failed, 0);
        await it.assertNothingDue();
      },
    );
  } else {
    conformanceTest(harness, "a lease that ended is lost", async (it) => {
      const [id] = await it.queue.enqueue([shellJob()]);
      const late = await it.next({ leaseMs: it.leaseMs });
      await it.pass(it.leaseMs);
      await assertRejects(late.ack(), LeaseLostError);
      assert(late.lost.aborted);
      await using again = await it.next();
      assertEquals(again.job.id, id);
    });
  }

  conformanceTest(harness, "closing a queue twice is harmless", async (it) => {
    const other = await it.open();
    await other[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await it.assertCounts({});
  });
}
