import { FINISHED_STATES, JOB_STATES } from "../../src/core/job.ts";
import { assertEquals } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness } from "./harness.ts";
import { bringTo, jobIn, push } from "./job_in_state.ts";

/** Removing the records of finished jobs. */
export function pruneTopic(harness: Harness): void {
  conformanceTest(
    harness,
    "prune() removes completed and cancelled jobs, and leaves all others",
    async (it) => {
      await oneInEachState(it);
      assertEquals(await it.queue.prune(), { removed: 2, needed: 0 });
      assertEquals(await statesLeft(it), ["failed", "pending", "running", "timeout"]);
    },
  );

  for (const state of FINISHED_STATES) {
    conformanceTest(harness, `prune() of jobs in state ${state} leaves the others`, async (it) => {
      await oneInEachState(it);
      assertEquals(await it.queue.prune({ states: [state] }), { removed: 1, needed: 0 });
      const left = JOB_STATES.filter((one) => one !== state && one !== "blocked");
      assertEquals(await statesLeft(it), left.toSorted());
    });
  }

  conformanceTest(harness, "prune() removes a job with its history", async (it) => {
    const id = await jobIn(it, "completed");
    await it.queue.prune();
    assertEquals(await it.queue.get(id), undefined);
    assertEquals(await it.queue.findIds(id, { limit: 1 }), []);
    // Its number must not bring the old history back.
    assertEquals((await it.get(await push(it))).history, []);
  });

  conformanceTest(harness, "prune() spares what finished at or after an instant", async (it) => {
    const old = await jobIn(it, "completed");
    await it.pass(10);
    const young = await jobIn(it, "completed");
    const { finishedAt } = await it.get(young);
    assertEquals((await it.queue.prune({ finishedBefore: finishedAt })).removed, 1);
    assertEquals([await it.queue.get(old), (await it.get(young)).id], [undefined, young]);
  });

  conformanceTest(harness, "prune() spares the last to finish", async (it) => {
    const ids = await it.queue.enqueue([shellJob(), shellJob(), shellJob(), shellJob()]);
    const order = [ids[2], ids[0], ids[3], ids[1]];
    for (const id of order) {
      await bringTo(it, id ?? "", "completed");
      await it.pass(1);
    }
    assertEquals((await it.queue.prune({ keepNewest: 2 })).removed, 2);
    const left = (await it.queue.list({ sort: "finished", reverse: true })).map(({ id }) => id);
    assertEquals(left, order.slice(2));
    assertEquals((await it.queue.prune({ keepNewest: 5 })).removed, 0);
  });

  conformanceTest(harness, "prune() with dryRun only counts", async (it) => {
    await oneInEachState(it);
    assertEquals(await it.queue.prune({ dryRun: true }), { removed: 2, needed: 0 });
    assertEquals((await it.queue.list()).length, 6);
  });

  conformanceTest(harness, "prune() of an empty queue removes nothing", async ({ queue }) => {
    assertEquals(await queue.prune({ states: FINISHED_STATES }), { removed: 0, needed: 0 });
  });

  conformanceTest(harness, "prune() removes thousands of jobs", async (it) => {
    const ids = await it.queue.enqueue(Array.from({ length: 2_500 }, () => shellJob()));
    await it.queue.cancel(ids);
    assertEquals(await it.queue.prune(), { removed: 2_500, needed: 0 });
    assertEquals(await it.queue.list(), []);
  });

  if (harness.capabilities.dependencies) pruneWithRelations(harness);
}

/** The same of jobs that others wait, or waited, for. */
function pruneWithRelations(harness: Harness): void {
  conformanceTest(
    harness,
    "prune() spares a completed job whose child may still need its result",
    async (it) => {
      const { parent, child } = await parentAndChild(it);
      await bringTo(it, parent, "completed");
      for (const _ of ["pending", "failed"]) {
        assertEquals(await it.queue.prune(), { removed: 0, needed: 1 });
        if (_ === "pending") await bringTo(it, child, "failed");
      }
      await it.queue.requeue([child]);
      await using lease = await it.next();
      assertEquals(await lease.parentResults(), { [parent]: null });
    },
  );

  conformanceTest(harness, "prune() removes a completed job when its children are completed", async (it) => {
    const { parent, child } = await parentAndChild(it);
    await bringTo(it, parent, "completed");
    await bringTo(it, child, "completed");
    assertEquals(await it.queue.prune(), { removed: 2, needed: 0 });
  });

  conformanceTest(
    harness,
    "prune() removes a completed parent alone when its child stays for its age",
    async (it) => {
      const { parent, child } = await parentAndChild(it);
      await bringTo(it, parent, "completed");
      await it.pass(10);
      await bringTo(it, child, "completed");
      const { finishedAt } = await it.get(child);
      assertEquals(await it.queue.prune({ finishedBefore: finishedAt }), { removed: 1, needed: 0 });
      const [record] = (await it.get(child)).parents;
      assertEquals([record?.id, record?.state, record?.isSatisfied], [parent, undefined, true]);
    },
  );

  conformanceTest(harness, "prune() removes a completed job together with its child", async (it) => {
    const { parent, child } = await parentAndChild(it);
    await bringTo(it, parent, "completed");
    await bringTo(it, child, "failed");
    assertEquals(await it.queue.prune({ states: ["completed", "failed"], dryRun: true }), {
      removed: 2,
      needed: 0,
    });
    assertEquals(await it.queue.prune({ states: ["completed", "failed"] }), { removed: 2, needed: 0 });
    assertEquals(await it.queue.get(parent), undefined);
  });

  conformanceTest(harness, "a child stays blocked for its other parent when one is pruned", async (it) => {
    const [a = "", b = "", child = ""] = await it.queue.enqueue([
      shellJob("a", { key: "a" }),
      shellJob("b", { key: "b" }),
      shellJob("child", { after: [{ key: "a", when: "any" }, { key: "b" }] }),
    ]);
    await bringTo(it, a, "failed");
    assertEquals((await it.queue.prune({ states: ["failed"] })).removed, 1);
    assertEquals(await it.states(child), ["blocked"]);
    await bringTo(it, b, "completed");
    assertEquals(await it.states(child), ["pending"]);
    await using lease = await it.next();
    assertEquals(await lease.parentResults(), { [a]: null, [b]: null });
  });

  conformanceTest(
    harness,
    "a cancelled child whose parent was pruned is not requeued for ever waiting",
    async (it) => {
      const { parent, child } = await parentAndChild(it);
      await bringTo(it, parent, "failed");
      await it.queue.prune({ states: ["failed"] });
      const { requeued, refused } = await it.queue.requeue([child]);
      assertEquals([requeued, refused.map(({ id }) => id)], [0, [child]]);
      assertEquals(await it.states(child), ["cancelled"]);
    },
  );

  conformanceTest(harness, "a pruned child is no child any more", async (it) => {
    const { parent, child } = await parentAndChild(it);
    await it.queue.cancel([child]);
    await it.queue.prune();
    assertEquals((await it.get(parent)).children, []);
    await bringTo(it, parent, "completed");
    assertEquals(await it.queue.prune(), { removed: 1, needed: 0 });
  });
}

async function parentAndChild(it: Fixture): Promise<{ parent: string; child: string }> {
  const parent = await push(it);
  return { parent, child: await push(it, shellJob("true", { after: [{ job: parent }] })) };
}

/** A job in each state, `blocked` excepted. */
async function oneInEachState(it: Fixture): Promise<void> {
  for (const state of JOB_STATES) if (state !== "blocked") await jobIn(it, state);
}

async function statesLeft({ queue }: Fixture): Promise<readonly string[]> {
  return (await queue.list()).map(({ state }) => state).toSorted();
}
