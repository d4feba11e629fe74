import { JobRefusedError, UsageError } from "../../src/core/errors.ts";
import type { IfExists, NewJob } from "../../src/core/job.ts";
import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { commandOf, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Harness, LONG_MS } from "./harness.ts";
import { bringTo, jobIn, push } from "./job_in_state.ts";

/** Jobs of which the queue has at most one that is not finished. */
export function uniqueKeysTopic(harness: Harness): void {
  conformanceTest(harness, "a unique job's key is in its record and its lease", async (it) => {
    const id = await push(it, unique("error"));
    assertEquals((await it.get(id)).key, "nightly");
    await using lease = await it.next();
    assertEquals(lease.job.key, "nightly");
  });

  for (const state of ["pending", "running"] as const) {
    conformanceTest(harness, `"skip" answers the ${state} job that has the key`, async (it) => {
      const id = await jobIn(it, state, unique("error"));
      const skips: (readonly [number, string])[] = [];
      const ids = await it.queue.enqueue([shellJob("other"), unique("skip", "new")], {
        onSkip: (...skip) => skips.push(skip),
      });
      assertEquals([ids[1], skips], [id, [[1, id]]]);
      assertEquals((await it.queue.list()).map(commandOf), ["other", "old"]);
    });

    conformanceTest(
      harness,
      `"error" refuses while a ${state} job has the key, and says which`,
      async (it) => {
        const id = await jobIn(it, state, unique("skip"));
        const error = await assertRejects(
          it.queue.enqueue([shellJob("other"), unique("error")]),
          JobRefusedError,
        );
        assertEquals(error.index, 1);
        assertMatch(error.message, new RegExp(id));
        assertEquals((await it.queue.list()).length, 1);
      },
    );
  }

  for (const ifExists of ["skip", "replace", "error"] as const) {
    conformanceTest(harness, `"${ifExists}" pushes when no job has the key`, async (it) => {
      const skips: number[] = [];
      await push(it, shellJob("true", { key: "other", ifExists: "error" }));
      await it.queue.enqueue([unique(ifExists)], { onSkip: (index) => skips.push(index) });
      assertEquals([(await it.queue.counts()).ready, skips], [2, []]);
    });

    for (const state of ["completed", "failed", "timeout", "cancelled"] as const) {
      conformanceTest(harness, `"${ifExists}" pushes when the job with the key is ${state}`, async (it) => {
        const old = await jobIn(it, state, unique("error"));
        const id = await push(it, unique(ifExists, "new"));
        assertEquals(await it.states(old, id), [state, "pending"]);
      });
    }
  }

  conformanceTest(harness, "a job without ifExists may share its key with a unique one", async (it) => {
    await push(it, unique("error"));
    await push(it, shellJob("true", { key: "nightly" }));
    assertEquals((await it.queue.counts()).ready, 2);
  });

  conformanceTest(harness, "ifExists without a key is refused", async ({ queue }) => {
    await assertRejects(queue.enqueue([shellJob("true", { ifExists: "skip" })]), UsageError);
  });

  conformanceTest(harness, '"replace" cancels the waiting job that has the key', async (it) => {
    for (const more of [{}, { delayMs: LONG_MS }]) {
      const old = await push(it, { ...unique("error"), ...more });
      const id = await push(it, unique("replace", "new"));
      const { state, failure } = await it.get(old);
      assertEquals([state, failure?.kind], ["cancelled", "cancelled"]);
      assertMatch(failure?.message ?? "", /replaced by a later push with its key$/);
      const lease = await it.next();
      assertEquals([lease.job.id, commandOf(lease.job)], [id, "new"]);
      await lease.ack();
    }
  });

  conformanceTest(harness, '"replace" is refused while the job runs, and says which', async (it) => {
    const id = await jobIn(it, "running", unique("error"));
    const error = await assertRejects(it.queue.enqueue([shellJob(), unique("replace")]), JobRefusedError);
    assertEquals(error.index, 1);
    assertMatch(error.message, new RegExp(`${id}.*running`));
    assertEquals((await it.queue.list()).length, 1);
  });

  conformanceTest(harness, "a requeue is refused while another job has the key", async (it) => {
    const old = await jobIn(it, "failed", unique("error"));
    const id = await push(it, unique("error", "new"));
    const { requeued, refused } = await it.queue.requeue([old]);
    assertEquals([requeued, refused.map((one) => one.id)], [0, [old]]);
    assertMatch(refused[0]?.reason ?? "", new RegExp(`key.* taken by ${id}$`));
    assertEquals(await it.states(old), ["failed"]);
    await bringTo(it, id, "completed");
    assertEquals((await it.queue.requeue([old])).requeued, 1);
  });

  conformanceTest(harness, "of two finished jobs with the same key one is requeued", async (it) => {
    for (let i = 0; i < 2; i++) await jobIn(it, "failed", unique("error"));
    const { requeued, refused } = await it.queue.requeue({ states: ["failed"] });
    assertEquals([requeued, refused.length], [1, 1]);
  });

  conformanceTest(harness, "dead letters with a key that is taken stay where they are", async (it) => {
    const old = await jobIn(it, "failed", unique("error"));
    await push(it, unique("error", "new"));
    assertEquals(await it.queue.deadLetters.requeue("all"), 0);
    assertEquals(await it.states(old), ["failed"]);
  });

  if (harness.capabilities.dependencies) uniqueKeysWithRelations(harness);
}

/** The same of jobs that wait for others. */
function uniqueKeysWithRelations(harness: Harness): void {
  conformanceTest(harness, "a blocked job has its key", async (it) => {
    const parent = await push(it);
    const id = await push(it, { ...unique("error"), after: [{ job: parent }] });
    await assertRejects(it.queue.enqueue([unique("error")]), JobRefusedError);
    const replacement = await push(it, unique("replace", "new"));
    assertEquals(await it.states(id, replacement), ["cancelled", "pending"]);
  });

  conformanceTest(harness, '"replace" is refused while other jobs wait for the job', async (it) => {
    const id = await push(it, unique("error"));
    const child = await push(it, shellJob("child", { after: [{ job: id }] }));
    const error = await assertRejects(it.queue.enqueue([unique("replace")]), JobRefusedError);
    assertMatch(error.message, new RegExp(`${id}.*wait`));
    assertEquals(await it.states(id, child), ["pending", "blocked"]);
    await it.queue.cancel([child]);
    await push(it, unique("replace"));
    assertEquals(await it.states(id), ["cancelled"]);
  });

  conformanceTest(
    harness,
    "jobs of a push wait for the existing job in whose favour one was skipped",
    async (it) => {
      const id = await push(it, unique("error"));
      const [, child = ""] = await it.queue.enqueue([
        unique("skip"),
        shellJob("child", { after: [{ key: "nightly" }, { job: id }] }),
      ]);
      assertEquals((await it.get(child)).parents.map((parent) => parent.id), [id]);
      assertEquals(await it.states(child), ["blocked"]);
      await bringTo(it, id, "completed");
      assertEquals(await it.states(child), ["pending"]);
    },
  );

  conformanceTest(harness, "a workflow of unique jobs that is pushed again changes nothing", async (it) => {
    const workflow: readonly NewJob[] = [
      shellJob("child", { key: "child", ifExists: "skip", after: [{ key: "parent" }] }),
      shellJob("parent", { key: "parent", ifExists: "skip" }),
    ];
    const [child = "", parent = ""] = await it.queue.enqueue(workflow);
    assertEquals(await it.queue.enqueue(workflow), [child, parent]);
    assertEquals((await it.queue.list()).length, 2);
    assertEquals((await it.get(parent)).children, [child]);
  });

  conformanceTest(harness, "a job that is skipped may name a parent that was removed", async (it) => {
    const parent = await push(it);
    const job: NewJob = { ...unique("skip"), after: [{ job: parent, when: "any" }] };
    const id = await push(it, job);
    await bringTo(it, parent, "failed");
    await it.queue.prune({ states: ["failed"] });
    assertEquals(await push(it, job), id);
  });

  conformanceTest(
    harness,
    "a child that was cancelled stays so when its key is taken meanwhile",
    async (it) => {
      const parent = await push(it);
      const child = await push(it, { ...unique("error"), after: [{ job: parent }] });
      await bringTo(it, parent, "failed");
      const other = await push(it, unique("error", "new"));
      assertEquals(await it.queue.requeue([parent]), { requeued: 1, children: 0, refused: [] });
      assertEquals(await it.states(parent, child, other), ["pending", "cancelled", "pending"]);
    },
  );
}

function unique(ifExists: IfExists, command = "old"): NewJob {
  return shellJob(command, { key: "nightly", ifExists });
}
