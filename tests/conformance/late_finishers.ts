import { LeaseLostError } from "../../src/core/errors.ts";
import type { Lease } from "../../src/core/queue.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { FAILURE, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness, LONG_MS } from "./harness.ts";
import { push } from "./job_in_state.ts";

const LATE_CALLS: Readonly<Record<string, (lease: Lease) => Promise<void>>> = {
  renew: (lease) => lease.renew(LONG_MS),
  ack: (lease) => lease.ack("late"),
  retry: (lease) => lease.retry({ delayMs: 0, failure: FAILURE }),
  release: (lease) => lease.release(),
  cancel: (lease) => lease.cancel(),
  deadLetter: (lease) => lease.deadLetter(FAILURE),
};

/** Holders who are late for a job that somebody has cancelled, requeued or removed meanwhile. */
export function lateFinishersTopic(harness: Harness): void {
  for (const [name, call] of Object.entries(LATE_CALLS)) {
    conformanceTest(
      harness,
      `${name}() cannot change a job that was cancelled after its lease ended`,
      async (it) => {
        const { id, late } = await cancelledMeanwhile(it);
        const before = await it.get(id);
        await assertRejects(call(late), LeaseLostError);
        assertEquals(late.lost.aborted, true);
        assertEquals(await it.get(id), before);
      },
    );

    conformanceTest(
      harness,
      `${name}() cannot change a job that was requeued after its lease ended`,
      async (it) => {
        const { id, late } = await cancelledMeanwhile(it);
        await it.queue.requeue([id]);
        await assertRejects(call(late), LeaseLostError);
        assertEquals(await it.states(id), ["pending"]);
        const newer = await it.next();
        await assertRejects(call(late), LeaseLostError);
        await newer.ack("right");
        assertEquals((await it.get(id)).result, "right");
      },
    );
  }

  conformanceTest(
    harness,
    "a holder of before a requeue cannot end the execution of after it",
    async (it) => {
      const id = await push(it);
      const late = await it.next({ leaseMs: it.leaseMs });
      await it.pass(it.leaseMs);
      await (await it.next()).deadLetter(FAILURE);
      await it.queue.requeue([id]);
      await using newer = await it.next();
      await assertRejects(late.ack("late"), LeaseLostError);
      assertEquals((await it.get(id)).history.map(({ outcome }) => outcome), ["lost", "failed", "running"]);
      await newer.renew(LONG_MS);
    },
  );

  conformanceTest(harness, "a cancel request does not reach the next execution", async (it) => {
    const { id } = await cancelledMeanwhile(it);
    await it.queue.requeue([id]);
    const lease = await it.next();
    assertEquals((await it.get(id)).isStopping, false);
    await lease.release();
    assertEquals(await it.states(id), ["pending"]);
  });

  conformanceTest(harness, "a late holder's dispose does not change a cancelled job", async (it) => {
    const { id, late } = await cancelledMeanwhile(it);
    await late[Symbol.asyncDispose]();
    assertEquals(await it.states(id), ["cancelled"]);
  });

  conformanceTest(harness, "a late holder cannot bring back a job whose record was removed", async (it) => {
    const { id, late } = await cancelledMeanwhile(it);
    await it.queue.prune();
    await assertRejects(late.ack(), LeaseLostError);
    assertEquals(await it.queue.get(id), undefined);
    assertEquals((await it.queue.counts()).completed, 0);
  });

  conformanceTest(
    harness,
    "a lost execution's cancel request ends the job, whoever asks next",
    async (it) => {
      const id = await push(it);
      await it.next({ leaseMs: it.leaseMs });
      await it.pass(it.leaseMs);
      await it.queue.cancel([id]);
      await it.assertNothingDue();
      assertEquals(await it.states(id), ["cancelled"]);
    },
  );

  if (!harness.capabilities.dependencies) return;

  conformanceTest(harness, "a late holder's completion does not free the children", async (it) => {
    const parent = await push(it);
    const child = await push(it, shellJob("true", { after: [{ job: parent }] }));
    const late = await it.next({ leaseMs: it.leaseMs });
    await it.pass(it.leaseMs);
    await using _newer = await it.next();
    await assertRejects(late.ack("late"), LeaseLostError);
    assertEquals(await it.states(parent, child), ["running", "blocked"]);
  });

  conformanceTest(harness, "a late holder's failure does not cancel the children", async (it) => {
    const parent = await push(it);
    const child = await push(it, shellJob("true", { after: [{ job: parent }] }));
    const late = await it.next({ leaseMs: it.leaseMs });
    await it.pass(it.leaseMs);
    await (await it.next()).ack();
    await assertRejects(late.deadLetter(FAILURE), LeaseLostError);
    assertEquals(await it.states(parent, child), ["completed", "pending"]);
  });
}

/** A job that was to stop when its holder was lost; it was cancelled then. */
async function cancelledMeanwhile(it: Fixture): Promise<{ id: string; late: Lease }> {
  const id = await push(it, shellJob("true", { maxAttempts: 5 }));
  const late = await it.next({ leaseMs: it.leaseMs });
  await it.queue.cancel([id]);
  await it.pass(it.leaseMs);
  await it.assertNothingDue();
  assertEquals(await it.states(id), ["cancelled"]);
  return { id, late };
}
