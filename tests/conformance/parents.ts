import { JobRefusedError } from "../../src/core/errors.ts";
import type { JobId, ParentCondition } from "../../src/core/job.ts";
import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness } from "./harness.ts";
import { bringTo, jobIn, push } from "./job_in_state.ts";

/** Naming the jobs that another one waits for. */
export function parentsTopic(harness: Harness): void {
  conformanceTest(harness, "a job's details name its parents in order, and its children", async (it) => {
    const [a = "", b = "", c = ""] = await it.queue.enqueue([shellJob("a"), shellJob("b"), shellJob("c")]);
    const child = await push(
      it,
      shellJob("child", { after: [{ job: c }, { job: a, when: "any" }, { job: b, when: "ok" }] }),
    );
    await bringTo(it, a, "failed");
    const { parents, hasParents } = await it.get(child);
    assertEquals(parents.map((parent) => ({ ...parent })), [
      { id: c, when: "ok", state: "pending", isSatisfied: false },
      { id: a, when: "any", state: "failed", isSatisfied: true },
      { id: b, when: "ok", state: "pending", isSatisfied: false },
    ]);
    assertEquals([hasParents, (await it.get(a)).hasParents], [true, false]);
    assertEquals([(await it.get(a)).children, (await it.get(child)).children], [[child], []]);
  });

  conformanceTest(harness, "the children of a job are all that were pushed for it", async (it) => {
    const parent = await push(it);
    const children = [await childOf(it, [parent]), await childOf(it, [parent], "any")];
    await push(it);
    assertEquals((await it.get(parent)).children, children);
  });

  conformanceTest(harness, "a lease says that its job waited for others", async (it) => {
    const parent = await jobIn(it, "completed");
    await childOf(it, [parent]);
    await using lease = await it.next();
    assertEquals(lease.job.hasParents, true);
  });

  conformanceTest(harness, "a parent that is named twice is waited for once", async (it) => {
    const parent = await push(it);
    const child = await childOf(it, [parent, parent]);
    assertEquals((await it.get(child)).parents.length, 1);
    await bringTo(it, parent, "completed");
    assertEquals(await it.states(child), ["pending"]);
  });

  for (const id of ["no-such-id", "", "999999-abcdef", "1'; DROP TABLE jobs; --"]) {
    conformanceTest(
      harness,
      `a push that names the parent "${id}", which is unknown, is refused`,
      async (it) => {
        const jobs = [shellJob("fine"), shellJob("lost", { after: [{ job: id }] }), shellJob("fine")];
        const error = await assertRejects(it.queue.enqueue(jobs), JobRefusedError);
        assertEquals(error.index, 1);
        assertMatch(error.message, /no job .*id/);
        assertEquals(await it.queue.list(), []);
      },
    );
  }

  conformanceTest(harness, "a removed job is an unknown parent", async (it) => {
    const parent = await jobIn(it, "completed");
    await it.queue.prune();
    await assertRejects(childOf(it, [parent]), JobRefusedError);
  });

  conformanceTest(harness, "a parent under two conditions is refused", async (it) => {
    const parent = await push(it);
    const after = [{ job: parent }, { job: parent, when: "any" }] as const;
    await assertRejects(it.queue.enqueue([shellJob("true", { after })]), JobRefusedError);
    assertEquals((await it.queue.list()).length, 1);
  });
}

function childOf(it: Fixture, parents: readonly JobId[], when?: ParentCondition): Promise<JobId> {
  return push(it, shellJob("child", { after: parents.map((job) => ({ job, when })) }));
}
