import { LeaseLostError, UsageError } from "../../src/core/errors.ts";
import type { Lease } from "../../src/core/queue.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness, LONG_MS } from "./harness.ts";

/** Telling the queue what became of a job. */
export function settleTopic(harness: Harness): void {
  conformanceTest(harness, "ack() ends the job", async (it) => {
    await it.queue.enqueue([shellJob()]);
    await (await it.next()).ack({ score: 0.5 });
    await it.assertNothingDue();
    await it.assertCounts({});
  });

  conformanceTest(harness, "retry() brings the job back with the attempt counted", async (it) => {
    const [id] = await it.queue.enqueue([shellJob("true", { maxAttempts: 3 })]);
    await (await it.next()).retry({ delayMs: 0, failure: FAILURE });
    await using again = await it.next();
    assertEquals([again.job.id, again.job.attempts], [id, 1]);
  });

  conformanceTest(harness, "retry() keeps the job away for its delay", async (it) => {
    await it.queue.enqueue([shellJob("true", { maxAttempts: 3 })]);
    await (await it.next()).retry({ delayMs: LONG_MS, failure: FAILURE });
    await it.assertNothingDue();
    await it.assertCounts({ delayed: 1 });
  });

  conformanceTest(harness, "retry() brings the job back after its delay", async (it) => {
    const [id] = await it.queue.enqueue([shellJob("true", { maxAttempts: 3 })]);
    await (await it.next()).retry({ delayMs: it.leaseMs, failure: FAILURE });
    await it.pass(it.leaseMs);
    await using again = await it.next();
    assertEquals(again.job.id, id);
  });

  conformanceTest(harness, "release() brings the job back at once, the attempt uncounted", async (it) => {
    const [id] = await it.queue.enqueue([shellJob()]);
    await (await it.next()).release();
    await using again = await it.next();
    assertEquals([again.job.id, again.job.attempts], [id, 0]);
  });

  const GIVING_BACK: Readonly<Record<string, (lease: Lease) => Promise<void>>> = {
    "retry()": (lease) => lease.retry({ delayMs: 0, failure: FAILURE }),
    "retry() with a delay": (lease) => lease.retry({ delayMs: harness.leaseMs, failure: FAILURE }),
    "release()": (lease) => lease.release(),
    "refuse()": (lease) => refuse(lease, 0),
    "refuse() with a delay": (lease) => refuse(lease, harness.leaseMs),
    "release() with a delay": (lease) => lease.release({ delayMs: harness.leaseMs }),
  };
  for (const [name, giveBack] of Object.entries(harness.capabilities.keepsOrder ? GIVING_BACK : {})) {
    conformanceTest(harness, `${name} returns the job to its place before the others`, async (it) => {
      await it.queue.enqueue(["first", "second"].map((command) => shellJob(command, { maxAttempts: 2 })));
      await giveBack(await it.next());
      await it.pass(it.leaseMs);
      await using again = await it.next();
      assertEquals(commandOf(again.job), "first");
    });
  }

  conformanceTest(harness, "release() with a delay keeps the job away for so long", async (it) => {
    await it.queue.enqueue([shellJob("first"), shellJob("second")]);
    await (await it.next()).release({ delayMs: LONG_MS });
    await using next = await it.next();
    assertEquals(commandOf(next.job), "second");
    await it.assertNothingDue();
  });

  conformanceTest(harness, "a hundred releases do not make a job poison", async (it) => {
    const [id] = await it.queue.enqueue([shellJob()]);
    for (let i = 0; i < 100; i++) await (await it.next()).release();
    await using again = await it.next();
    assertEquals(again.job.id, id);
  });

  conformanceTest(harness, "a disposed lease that was not settled is released", async (it) => {
    const [id] = await it.queue.enqueue([shellJob()]);
    {
      await using _lease = await it.next();
    }
    await using again = await it.next();
    assertEquals([again.job.id, again.job.attempts], [id, 0]);
  });

  conformanceTest(harness, "a disposed lease that was settled changes nothing more", async (it) => {
    await it.queue.enqueue([shellJob()]);
    {
      await using lease = await it.next();
      await lease.ack();
    }
    await it.assertNothingDue();
  });

  for (const [name, settle] of Object.entries(SETTLEMENTS)) {
    conformanceTest(harness, `${name}() after ack() is a LeaseLostError`, async (it) => {
      await it.queue.enqueue([shellJob()]);
      const lease = await it.next();
      await lease.ack();
      await assertRejects(settle(lease), LeaseLostError);
      await assertCompleted(it);
    });
  }

  conformanceTest(harness, "a delay that is none is refused and the job stays held", async (it) => {
    await it.queue.enqueue([shellJob("true", { maxAttempts: 3 })]);
    const lease = await it.next();
    for (const delayMs of [NaN, -1, Infinity]) {
      await assertRejects(lease.retry({ delayMs, failure: FAILURE }), UsageError);
      await assertRejects(lease.release({ delayMs }), UsageError);
    }
    await it.assertNothingDue();
    await lease.ack();
  });
}

const SETTLEMENTS: Readonly<Record<string, (lease: Lease) => Promise<void>>> = {
  ack: (lease) => lease.ack(),
  retry: (lease) => lease.retry({ delayMs: 0, failure: FAILURE }),
  release: (lease) => lease.release(),
  deadLetter: (lease) => lease.deadLetter(FAILURE),
};

async function assertCompleted(it: Fixture): Promise<void> {
  await it.assertCounts({});
  if (it.queue.capabilities.keepsRecords) assertEquals((await it.queue.counts()).completed, 1);
}

function refuse(lease: Lease, delayMs: number): Promise<void> {
  return lease.refuse({ delayMs, refusal: { workerId: "w1", host: "node1", reason: "exit code 1", at: 0 } });
}
