import { LeaseLostError } from "../../src/core/errors.ts";
import type { Lease } from "../../src/core/queue.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { FAILURE, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness } from "./harness.ts";

const SETTLEMENTS: Readonly<Record<string, (lease: Lease) => Promise<void>>> = {
  ack: (lease) => lease.ack("late"),
  retry: (lease) => lease.retry({ delayMs: 0, failure: FAILURE }),
  release: (lease) => lease.release(),
  deadLetter: (lease) => lease.deadLetter(FAILURE),
  refuse: (lease) =>
    lease.refuse({ delayMs: 0, refusal: { workerId: "w1", host: "node1", reason: "exit code 1", at: 0 } }),
};

/** A late holder changes nothing. */
export function fencingTopic(harness: Harness): void {
  const settlements = harness.capabilities.keepsRecords
    ? { ...SETTLEMENTS, cancel: (lease: Lease) => lease.cancel() }
    : SETTLEMENTS;
  for (const [name, settle] of Object.entries(settlements)) {
    conformanceTest(harness, `${name}() by a late holder is a LeaseLostError`, async (it) => {
      const { late } = await takeOver(it);
      const error = await assertRejects(settle(late), LeaseLostError);
      assert(late.lost.reason === error);
    });

    conformanceTest(harness, `${name}() by a late holder leaves the newer one its job`, async (it) => {
      const { late, newer } = await takeOver(it);
      await assertRejects(settle(late), LeaseLostError);
      await it.assertNothingDue();
      await newer.ack();
      await it.assertCounts({});
    });
  }

  conformanceTest(harness, "a late holder's dispose changes nothing and throws nothing", async (it) => {
    const { late } = await takeOver(it);
    await late[Symbol.asyncDispose]();
    await it.assertNothingDue();
    await it.assertCounts({ running: 1 });
  });

  conformanceTest(harness, "a late holder changes nothing after the newer one is done", async (it) => {
    const { late, newer } = await takeOver(it);
    await newer.ack();
    await assertRejects(late.retry({ delayMs: 0, failure: FAILURE }), LeaseLostError);
    await it.assertNothingDue();
  });

  conformanceTest(
    harness,
    "a late holder cannot dead-letter a job that the newer one gave back",
    async (it) => {
      const { late, newer } = await takeOver(it);
      await newer.release();
      await assertRejects(late.deadLetter(FAILURE), LeaseLostError);
      assertEquals((await it.queue.counts()).failed, 0);
      await using _again = await it.next();
    },
  );
}

/** A job whose first holder is late, and now has another one. */
async function takeOver(it: Fixture): Promise<{ late: Lease; newer: Lease }> {
  const other = await it.open();
  await it.queue.enqueue([shellJob("true", { maxAttempts: 5 })]);
  const late = await it.next({ leaseMs: it.leaseMs });
  await it.pass(it.leaseMs);
  return { late, newer: await it.next({ from: other }) };
}
