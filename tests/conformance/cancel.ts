import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { LeaseLostError } from "../../src/core/errors.ts";
import type { Lease } from "../../src/core/queue.ts";
import { FAILURE, shellJob } from "../support/jobs.ts";
import { waitUntil } from "../support/wait_until.ts";
import { conformanceTest, type Harness, LONG_MS } from "./harness.ts";
import { jobIn, push } from "./job_in_state.ts";

/** Ending jobs before they are done. */
export function cancelTopic(harness: Harness): void {
  const real = { ...harness, clockIsReplaceable: false };

  conformanceTest(harness, "cancel() of a waiting job ends it at once", async (it) => {
    const ready = await push(it);
    const delayed = await push(it, shellJob("true", { delayMs: it.leaseMs }));
    assertEquals(summary(await it.queue.cancel([ready, delayed])), `cancelled ${ready} ${delayed}`);
    assertEquals(await it.states(ready, delayed), ["cancelled", "cancelled"]);
    await it.pass(it.leaseMs);
    await it.assertNothingDue();
  });

  conformanceTest(harness, "cancel() of some leaves the others", async (it) => {
    const id = await push(it);
    const other = await push(it);
    await it.queue.cancel([id]);
    await using lease = await it.next();
    assertEquals(lease.job.id, other);
  });

  conformanceTest(harness, "cancel() of a running job asks its worker to stop it", async (it) => {
    const id = await push(it);
    const lease = await it.next();
    assertEquals(summary(await it.queue.cancel([id])), `stopping ${id}`);
    assertEquals(await it.states(id), ["running"]);
    await lease.cancel();
    assertEquals(await it.states(id), ["cancelled"]);
    await it.assertNothingDue();
  });

  conformanceTest(
    harness,
    "cancel() of a running job whose lease has ended ends it at once: its worker may be gone",
    async (it) => {
      const id = await push(it);
      const lease = await it.next({ leaseMs: it.leaseMs });
      await it.pass(it.leaseMs);
      assertEquals(summary(await it.queue.cancel([id])), `cancelled ${id}`);
      assertEquals((await it.get(id)).history.map(({ outcome }) => outcome), ["lost"]);
      await assertRejects(lease.ack(), LeaseLostError);
    },
  );

  conformanceTest(real, "a lease hears that its job is to be cancelled", async (it) => {
    const id = await push(it);
    await using lease = await it.next();
    const other = await it.open();
    assertEquals(lease.cancelled.aborted, false);
    await other.cancel([id]);
    await waitUntil(() => lease.cancelled.aborted, { what: "the signal" });
    assertEquals(lease.lost.aborted, false);
  });

  conformanceTest(harness, "cancel() of a running job can be repeated", async (it) => {
    const id = await jobIn(it, "running");
    await it.queue.cancel([id], { reason: "first" });
    assertEquals(summary(await it.queue.cancel([id], { reason: "second" })), `stopping ${id}`);
  });

  conformanceTest(harness, "a job that is to stop can still be completed", async (it) => {
    const id = await push(it);
    const lease = await it.next();
    await it.queue.cancel([id]);
    await lease.ack("done");
    const { state, result, failure, isStopping } = await it.get(id);
    assertEquals([state, result, failure, isStopping], ["completed", "done", undefined, false]);
  });

  conformanceTest(harness, "a job that is to stop and fails for good has failed", async (it) => {
    const id = await push(it);
    const lease = await it.next();
    await it.queue.cancel([id]);
    await lease.deadLetter(FAILURE);
    assertEquals(await it.states(id), ["failed"]);
  });

  const GIVING_BACK: Readonly<Record<string, (lease: Lease) => PromiseLike<void>>> = {
    retried: (lease) => lease.retry({ delayMs: 0, failure: FAILURE }),
    "retried later": (lease) => lease.retry({ delayMs: LONG_MS, failure: FAILURE }),
    released: (lease) => lease.release(),
    "given back by dispose": (lease) => lease[Symbol.asyncDispose](),
  };
  for (const [name, giveBack] of Object.entries(GIVING_BACK)) {
    conformanceTest(harness, `a job that is to stop is cancelled when it is ${name}`, async (it) => {
      const id = await push(it, shellJob("true", { maxAttempts: 5 }));
      const lease = await it.next();
      await it.queue.cancel([id], { reason: "enough" });
      await giveBack(lease);
      const { state, failure, isStopping } = await it.get(id);
      assertEquals([state, failure?.kind, failure?.message, isStopping], [
        "cancelled",
        "cancelled",
        "enough",
        false,
      ]);
      await it.assertNothingDue();
    });
  }

  conformanceTest(harness, "a job that is to stop is cancelled when its lease ends", async (it) => {
    const id = await push(it, shellJob("true", { maxAttempts: 5 }));
    const late = await it.next({ leaseMs: it.leaseMs });
    await it.queue.cancel([id], { reason: "enough" });
    await it.pass(it.leaseMs);
    await it.assertNothingDue();
    const { state, failure, history } = await it.get(id);
    assertEquals([state, failure?.message, history.length], ["cancelled", "enough", 1]);
    assert(history[0]?.endedAt !== undefined);
    await assertRejects(late.ack("late"), LeaseLostError);
    assertEquals(await it.states(id), ["cancelled"]);
  });

  conformanceTest(harness, "a renewed lease can still be told to stop", async (it) => {
    const id = await push(it);
    const lease = await it.next();
    await it.queue.cancel([id], { reason: "enough" });
    await lease.renew(LONG_MS);
    await lease.release();
    assertEquals(await it.states(id), ["cancelled"]);
  });

  const REFUSED = {
    completed: "is completed",
    failed: "has failed",
    timeout: "has timed out",
    cancelled: "is cancelled already",
  } as const;
  for (const [state, reason] of Object.entries(REFUSED)) {
    conformanceTest(harness, `cancel() refuses a job that ${reason}`, async (it) => {
      const id = await jobIn(it, state as keyof typeof REFUSED);
      const before = await it.get(id);
      assertEquals(await it.queue.cancel([id], { reason: "late" }), {
        cancelled: [],
        stopping: [],
        children: 0,
        refused: [{ id, reason }],
      });
      assertEquals(await it.get(id), before);
    });
  }

  conformanceTest(harness, "cancel() refuses what is no job, and cancels the rest", async (it) => {
    const id = await push(it);
    const strangers = ["no-such-id", "", "999999-abcdef", "1'; DROP TABLE jobs; --"];
    const { cancelled, refused } = await it.queue.cancel([...strangers, id]);
    assertEquals(cancelled, [id]);
    assertEquals(refused, strangers.map((one) => ({ id: one, reason: "is not a job of this queue" })));
  });

  conformanceTest(harness, "cancel() counts an id that is given twice once", async (it) => {
    const id = await push(it);
    assertEquals(summary(await it.queue.cancel([id, id])), `cancelled ${id}`);
  });

  conformanceTest(harness, "cancel() of nothing changes nothing", async (it) => {
    await push(it);
    assertEquals(summary(await it.queue.cancel([])), "");
    assertEquals((await it.queue.counts()).ready, 1);
  });

  if (!harness.capabilities.dependencies) return;

  conformanceTest(harness, "cancel() of a blocked job ends it at once", async (it) => {
    const parent = await push(it);
    const child = await push(it, shellJob("true", { after: [{ job: parent }] }));
    assertEquals(summary(await it.queue.cancel([child])), `cancelled ${child}`);
    assertEquals(await it.states(parent, child), ["pending", "cancelled"]);
  });

  conformanceTest(
    harness,
    "cancel() tells how many jobs it cancelled with those that were named",
    async (it) => {
      const [root = ""] = await it.queue.enqueue([
        shellJob("root", { key: "root" }),
        shellJob("child", { key: "child", after: [{ key: "root" }] }),
        shellJob("grandchild", { after: [{ key: "child" }] }),
        shellJob("whatever", { after: [{ key: "root", when: "any" }] }),
      ]);
      const { cancelled, children } = await it.queue.cancel([root]);
      assertEquals([cancelled, children], [[root], 2]);
    },
  );

  conformanceTest(harness, "cancel() of a job together with its child has named both", async (it) => {
    const parent = await push(it);
    const child = await push(it, shellJob("true", { after: [{ job: parent }] }));
    const { cancelled, children, refused } = await it.queue.cancel([parent, child]);
    assertEquals([cancelled.toSorted(), children, refused], [[parent, child].toSorted(), 0, []]);
  });

  conformanceTest(harness, "a running job's children are cancelled when it has stopped", async (it) => {
    const parent = await push(it);
    const child = await push(it, shellJob("true", { after: [{ job: parent }] }));
    const lease = await it.next();
    const { stopping, children } = await it.queue.cancel([parent]);
    assertEquals([stopping, children, await it.states(child)], [[parent], 0, ["blocked"]]);
    await lease.cancel();
    assertEquals(await it.states(parent, child), ["cancelled", "cancelled"]);
  });
}

/** What came of it, as one line. */
function summary({ cancelled, stopping, children, refused }: {
  cancelled: readonly string[];
  stopping: readonly string[];
  children: number;
  refused: readonly unknown[];
}): string {
  assertEquals([children, refused.length], [0, 0]);
  return [["cancelled", ...cancelled], ["stopping", ...stopping]]
    .filter(({ length }) => length > 1)
    .map((words) => words.join(" "))
    .join(", ");
}
