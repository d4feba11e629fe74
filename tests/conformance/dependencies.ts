import { FINISHED_STATES, type FinishedState, type JobId, type ParentCondition } from "../../src/core/job.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { FAILURE, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness, LONG_MS } from "./harness.ts";
import { bringTo, jobIn, push } from "./job_in_state.ts";

/** The ends of a parent after which the child runs; after all others it is cancelled. */
const RUNS_AFTER: Readonly<Record<ParentCondition, readonly FinishedState[]>> = {
  ok: ["completed"],
  any: FINISHED_STATES,
  failed: ["failed", "timeout"],
};

const CONDITIONS = Object.keys(RUNS_AFTER) as ParentCondition[];

/** Jobs that wait for others. */
export function dependenciesTopic(harness: Harness): void {
  for (const when of CONDITIONS) {
    for (const state of FINISHED_STATES) {
      const runs = RUNS_AFTER[when].includes(state);
      const becomes = runs ? "ready" : "cancelled";

      conformanceTest(
        harness,
        `a child after "${when}" is ${becomes} when its parent is ${state}`,
        async (it) => {
          const parent = await push(it);
          const child = await childOf(it, [parent], when);
          assertEquals(await it.states(child), ["blocked"]);
          await bringTo(it, parent, state);
          await assertFate(it, { child, parent, runs, when });
        },
      );

      conformanceTest(
        harness,
        `a child after "${when}" is ${becomes} when its parent was ${state}`,
        async (it) => {
          const parent = await jobIn(it, state);
          const child = await childOf(it, [parent], when);
          await assertFate(it, { child, parent, runs, when });
        },
      );
    }
  }

  conformanceTest(harness, "a blocked job is not leased, shown or counted as ready", async (it) => {
    const parent = await jobIn(it, "running");
    const child = await childOf(it, [parent]);
    await it.assertNothingDue();
    const { ready, delayed, blocked } = await it.queue.counts();
    assertEquals([ready, delayed, blocked], [0, 0, 1]);
    assertEquals([await it.queue.peek(10), await it.queue.position(child)], [[], undefined]);
  });

  conformanceTest(harness, "a blocked job is not leased when it is asked for", async (it) => {
    const parent = await push(it);
    const job = await childOf(it, [parent]);
    assertEquals(await it.queue.lease({ leaseMs: LONG_MS, waitMs: 0, job }), undefined);
  });

  conformanceTest(harness, "a child waits for all of its parents", async (it) => {
    const parents = await it.queue.enqueue([shellJob("a"), shellJob("b"), shellJob("c")]);
    const child = await childOf(it, parents);
    for (const parent of parents) {
      assertEquals(await it.states(child), ["blocked"]);
      await bringTo(it, parent, "completed");
    }
    assertEquals(await it.states(child), ["pending"]);
  });

  conformanceTest(harness, "a child's state changes when its last parent finishes", async (it) => {
    const parent = await push(it);
    const child = await childOf(it, [parent]);
    await it.pass(10);
    await bringTo(it, parent, "completed");
    const { createdAt, updatedAt } = await it.get(child);
    assert(updatedAt >= createdAt + 10);
  });

  conformanceTest(harness, "a child waits on while its parent is tried again", async (it) => {
    const parent = await push(it, shellJob("true", { maxAttempts: 9 }));
    const child = await childOf(it, [parent]);
    await (await it.next()).retry({ delayMs: 0, failure: FAILURE });
    await (await it.next()).release();
    await it.next({ leaseMs: it.leaseMs });
    await it.pass(it.leaseMs);
    await using _lease = await it.next();
    assertEquals(await it.states(parent, child), ["running", "blocked"]);
  });

  conformanceTest(harness, "a child of a poison job is cancelled", async (it) => {
    const parent = await push(it);
    const child = await childOf(it, [parent]);
    for (let i = 0; i < 5; i++) {
      await it.next({ leaseMs: it.leaseMs });
      await it.pass(it.leaseMs);
    }
    await it.assertNothingDue();
    assertEquals(await it.states(parent, child), ["failed", "cancelled"]);
  });

  conformanceTest(
    harness,
    "one parent's end that is not the right one cancels a child of several",
    async (it) => {
      const parents = await it.queue.enqueue([shellJob("a"), shellJob("b")]);
      const child = await childOf(it, parents);
      await bringTo(it, parents[1] ?? "", "failed");
      assertEquals(await it.states(child), ["cancelled"]);
      await bringTo(it, parents[0] ?? "", "completed");
      assertEquals(await it.states(child), ["cancelled"]);
      await it.assertNothingDue();
    },
  );

  conformanceTest(
    harness,
    "children of cancelled children are cancelled, each with its reason",
    async (it) => {
      const [a = "", b = "", c = "", d = ""] = await it.queue.enqueue([
        shellJob("a", { key: "a" }),
        shellJob("b", { key: "b", after: [{ key: "a" }] }),
        shellJob("c", { key: "c", after: [{ key: "b" }] }),
        shellJob("d", { after: [{ key: "c", when: "any" }] }),
      ]);
      await bringTo(it, a, "failed");
      assertEquals(await it.states(a, b, c, d), ["failed", "cancelled", "cancelled", "pending"]);
      assertEquals(await reasonOf(it, b), `its parent ${a} failed`);
      assertEquals(await reasonOf(it, c), `its parent ${b} was cancelled`);
    },
  );

  conformanceTest(harness, "a blocked job's delay counts from its push", async (it) => {
    const parent = await push(it);
    const child = await push(it, shellJob("true", { after: [{ job: parent }], delayMs: 2 * it.leaseMs }));
    await it.pass(it.leaseMs);
    await bringTo(it, parent, "completed");
    const { state, createdAt, visibleAt } = await it.get(child);
    assertEquals([state, visibleAt], ["pending", createdAt + 2 * it.leaseMs]);
    assertEquals((await it.queue.counts()).delayed, 1);
    await it.assertNothingDue();
    await it.pass(it.leaseMs);
    await using lease = await it.next();
    assertEquals(lease.job.id, child);
  });

  conformanceTest(harness, "a blocked job whose delay has passed meanwhile is ready at once", async (it) => {
    const parent = await push(it);
    const child = await push(it, shellJob("true", { after: [{ job: parent }], delayMs: it.leaseMs }));
    await it.pass(it.leaseMs);
    await bringTo(it, parent, "completed");
    await using lease = await it.next();
    assertEquals(lease.job.id, child);
  });

  conformanceTest(harness, "a child of a finished parent keeps its delay", async (it) => {
    const parent = await jobIn(it, "completed");
    const child = await push(it, shellJob("true", { after: [{ job: parent }], delayMs: it.leaseMs }));
    await it.assertNothingDue();
    await it.pass(it.leaseMs);
    await using lease = await it.next();
    assertEquals(lease.job.id, child);
  });

  conformanceTest(harness, "purge() removes blocked jobs, too", async (it) => {
    const parent = await push(it);
    await childOf(it, [parent]);
    const running = await jobIn(it, "running", shellJob("true", { priority: priorityOf(harness) }));
    await childOf(it, [running]);
    assertEquals(await it.queue.purge(), 3);
    assertEquals((await it.queue.list()).map(({ id }) => id), [running]);
    assertEquals((await it.get(running)).children, []);
  });
}

function priorityOf({ capabilities }: Harness): number | undefined {
  return capabilities.priorities ? 1 : undefined;
}

function childOf(it: Fixture, parents: readonly JobId[], when?: ParentCondition): Promise<JobId> {
  return push(it, shellJob("child", { after: parents.map((job) => ({ job, when })) }));
}

/** Fails unless the child can be leased, or is cancelled with a reason that names its parent. */
async function assertFate(
  it: Fixture,
  { child, parent, runs, when }: { child: JobId; parent: JobId; runs: boolean; when: ParentCondition },
): Promise<void> {
  const { state, parents, failure } = await it.get(child);
  assertEquals(state, runs ? "pending" : "cancelled");
  assertEquals(parents.map(({ id, ...record }) => [id, record.when, record.isSatisfied]), [[
    parent,
    when,
    runs,
  ]]);
  if (runs) {
    await using lease = await it.next();
    assertEquals(lease.job.id, child);
  } else {
    assertEquals(failure?.kind, "cancelled");
    assertMatch(failure?.message ?? "", new RegExp(`^its parent ${parent} `));
    await it.assertNothingDue();
  }
}

async function reasonOf(it: Fixture, id: JobId): Promise<string | undefined> {
  return (await it.get(id)).failure?.message;
}
