import { LeaseLostError, UsageError } from "../../src/core/errors.ts";
import type { Lease, Queue } from "../../src/core/queue.ts";
import { assert, assertBetween, assertEquals, assertExists, assertRejects } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness, LONG_MS } from "./harness.ts";
import { push } from "./job_in_state.ts";
import { withoutUndefined } from "./without_undefined.ts";

/** Taking up a lease by its ticket, through another handle; where that is not offered, leases have no tickets. */
export function resumeTopic(harness: Harness): void {
  const resumeTest = (name: string, fn: (it: Fixture, other: ResumingQueue) => Promise<void>) =>
    conformanceTest(harness, name, async (it) => {
      const other = await it.open();
      if (isResuming(other)) return await fn(it, other);
      await push(it);
      await using lease = await it.next();
      assertEquals([it.queue.resume, lease.ticket], [undefined, undefined]);
    });

  resumeTest("a lease that is resumed by its ticket settles the job", async (it, other) => {
    const { id, lease } = await hold(it);
    const resumed = await other.resume(ticketOf(lease));
    await resumed.ack("by ticket");
    const { state, result, history } = await it.get(id);
    assertEquals([state, result, history.map(({ outcome }) => outcome)], ["completed", "by ticket", [
      "completed",
    ]]);
  });

  resumeTest("a resumed lease is of the same job and ends at the same time", async (it, other) => {
    const { lease } = await hold(it, shellJob("true", { name: "n", env: { A: "1" }, maxAttempts: 3 }));
    await using resumed = await other.resume(ticketOf(lease));
    const { visibleAt: _then, ...job } = withoutUndefined(resumed.job);
    const { visibleAt: _now, ...before } = withoutUndefined(lease.job);
    assertEquals({ ...job }, { ...before });
    assertBetween(resumed.expiresAt, lease.expiresAt - 5_000, lease.expiresAt + 5_000);
  });

  resumeTest("renew() of a resumed lease keeps the job", async (it, other) => {
    const { lease } = await hold(it, shellJob(), it.leaseMs);
    const resumed = await other.resume(ticketOf(lease));
    await resumed.renew(LONG_MS);
    await it.pass(it.leaseMs);
    await it.assertNothingDue();
    await resumed.release();
    await it.assertCounts({ ready: 1 });
  });

  resumeTest("a lease can be resumed as soon as it was renewed", async (it, other) => {
    const { id, lease } = await hold(it);
    await lease.renew(2 * LONG_MS);
    await (await other.resume(ticketOf(lease))).ack();
    assertEquals(await it.states(id), ["completed"]);
  });

  resumeTest("of a lease and the one that was resumed from it, one settles the job", async (it, other) => {
    const { id, lease } = await hold(it);
    const resumed = await other.resume(ticketOf(lease));
    const settled = await Promise.allSettled([lease.ack("first"), resumed.ack("second")]);
    assertEquals(settled.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
    assertEquals((await it.get(id)).result, settled[0].status === "fulfilled" ? "first" : "second");
  });

  resumeTest(
    "a ticket that was used resumes the lease once more: the first answer may be lost",
    async (it, other) => {
      const { id, lease } = await hold(it);
      const ticket = ticketOf(lease);
      await other.resume(ticket);
      await (await other.resume(ticket)).ack();
      assertEquals(await it.states(id), ["completed"]);
    },
  );

  resumeTest("the ticket of a lease that was resumed resumes it once more", async (it, other) => {
    const { id, lease } = await hold(it);
    const resumed = await other.resume(ticketOf(lease));
    await (await other.resume(ticketOf(resumed))).ack();
    assertEquals(await it.states(id), ["completed"]);
  });

  if (harness.keepsEndedLeases) {
    resumeTest("a lease that ended can be resumed until another one takes the job", async (it, other) => {
      const { lease } = await hold(it, shellJob(), it.leaseMs);
      await it.pass(it.leaseMs);
      await it.queue.counts();
      const resumed = await other.resume(ticketOf(lease));
      await resumed.renew(LONG_MS);
      await it.assertNothingDue();
    });
  }

  resumeTest("a request to cancel the job reaches a resumed lease", async (it, other) => {
    const { id, lease } = await hold(it);
    await using resumed = await other.resume(ticketOf(lease));
    await it.queue.cancel([id]);
    await it.pass(2_500);
    assertEquals(resumed.cancelled.aborted, true);
  });

  resumeTest("resume() of a lease that was settled is a LeaseLostError", async (it, other) => {
    for (const settle of [(one: Lease) => one.ack(), (one: Lease) => one.release()]) {
      const { lease } = await hold(it);
      const ticket = ticketOf(lease);
      await settle(lease);
      await assertRejects(other.resume(ticket), LeaseLostError);
    }
  });

  resumeTest("resume() of a job that another one took over is a LeaseLostError", async (it, other) => {
    const { lease } = await hold(it, shellJob(), it.leaseMs);
    await it.pass(it.leaseMs);
    await using newer = await it.next();
    await assertRejects(other.resume(ticketOf(lease)), LeaseLostError);
    await newer.renew(LONG_MS);
  });

  resumeTest("resume() of a job whose record was removed is a LeaseLostError", async (it, other) => {
    const { lease } = await hold(it);
    const ticket = ticketOf(lease);
    await lease.ack();
    await it.queue.prune();
    await assertRejects(other.resume(ticket), LeaseLostError);
  });

  resumeTest("resume() of what is no ticket of this queue is refused", async (it, other) => {
    const { lease } = await hold(it);
    const ticket = ticketOf(lease);
    const strangers = ["", "null", "[]", "{}", "1'; DROP TABLE jobs; --", "\0", ticket.slice(0, -3)];
    for (const text of strangers) {
      const error = await other.resume(text).then(() => undefined, (error) => error);
      // Which of the two is up to the backend: UsageError for what can be none, LeaseLostError for one of elsewhere.
      assert(error instanceof LeaseLostError || error instanceof UsageError, `${text}: ${error}`);
    }
    await lease.ack();
  });

  resumeTest("resume() with a ticket of another queue is a LeaseLostError", async (_, other) => {
    await using elsewhere = await harness.makePlace();
    await using stranger = await elsewhere.open();
    await stranger.enqueue([shellJob()]);
    await using lease = assertExists(await stranger.lease({ leaseMs: LONG_MS, waitMs: LONG_MS }));
    await assertRejects(other.resume(ticketOf(lease)), LeaseLostError);
  });
}

type ResumingQueue = Queue & Required<Pick<Queue, "resume">>;

function isResuming(queue: Queue): queue is ResumingQueue {
  return queue.resume !== undefined;
}

async function hold(it: Fixture, job = shellJob(), leaseMs = LONG_MS): Promise<{ id: string; lease: Lease }> {
  const id = await push(it, job);
  return { id, lease: await it.next({ job: id, leaseMs }) };
}

function ticketOf({ ticket }: Lease): string {
  return assertExists(ticket, "the lease has no ticket");
}
