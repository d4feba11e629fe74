import { UsageError } from "../../src/core/errors.ts";
import type { WaitResult } from "../../src/core/job_store.ts";
import { assertBetween, assertEquals, assertRejects } from "../support/assert.ts";
import { FAILURE, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Harness, LONG_MS } from "./harness.ts";
import { bringTo, jobIn, push } from "./job_in_state.ts";

/** Waiting for the ends of jobs, by the machine's clock. */
export function waitForJobsTopic(harness: Harness): void {
  const real = { ...harness, clockIsReplaceable: false };

  conformanceTest(harness, "wait() answers at once when the jobs are finished", async (it) => {
    const ids = await Promise.all(
      (["completed", "failed", "cancelled"] as const).map((state) => jobIn(it, state)),
    );
    const result = await it.queue.wait(ids.toReversed());
    assertEquals(numbers(result), ["finished", 1, 2, 0]);
    assertEquals(result.jobs.map(({ id, state }) => [id, state]), [
      [ids[2], "cancelled"],
      [ids[1], "failed"],
      [ids[0], "completed"],
    ]);
  });

  conformanceTest(harness, "wait() answers whole records", async (it) => {
    const id = await push(it);
    await (await it.next()).ack({ score: 1 });
    const [job] = (await it.queue.wait([id])).jobs;
    assertEquals([job?.state, job?.result, job?.exitCode], ["completed", { score: 1 }, 0]);
  });

  conformanceTest(real, "wait() ends when another handle completes the last job", async (it) => {
    const other = await it.open();
    const ids = await it.queue.enqueue([shellJob(), shellJob()]);
    const waiting = it.queue.wait(ids);
    await (await it.next({ from: other })).ack();
    await (await it.next({ from: other })).ack();
    assertEquals(numbers(await waiting), ["finished", 2, 0, 0]);
  });

  conformanceTest(real, "wait() is woken by a failure and by a cancellation", async (it) => {
    const other = await it.open();
    const ids = await it.queue.enqueue([shellJob(), shellJob()]);
    const waiting = it.queue.wait(ids);
    await (await it.next({ from: other })).deadLetter(FAILURE);
    await other.cancel(ids);
    assertEquals(numbers(await waiting), ["finished", 0, 2, 0]);
  });

  conformanceTest(real, "wait() does not end with a job that is tried again", async (it) => {
    const id = await push(it, shellJob("true", { maxAttempts: 2 }));
    const waiting = it.queue.wait([id]);
    await (await it.next()).retry({ delayMs: 0, failure: FAILURE });
    await (await it.next()).ack();
    assertEquals(numbers(await waiting), ["finished", 1, 0, 0]);
  });

  conformanceTest(real, "wait() with any ends with the first job", async (it) => {
    const ids = await it.queue.enqueue([shellJob(), shellJob()]);
    const waiting = it.queue.wait(ids, { any: true });
    await (await it.next()).deadLetter(FAILURE);
    assertEquals(numbers(await waiting), ["finished", 0, 1, 1]);
  });

  conformanceTest(real, "wait() with failFast ends with the first job that does not complete", async (it) => {
    const ids = await it.queue.enqueue([shellJob(), shellJob(), shellJob()]);
    const waiting = it.queue.wait(ids, { failFast: true });
    await (await it.next()).ack();
    await (await it.next()).deadLetter(FAILURE);
    assertEquals(numbers(await waiting), ["failed", 1, 1, 1]);
  });

  conformanceTest(harness, "wait() with failFast waits for all when all complete", async (it) => {
    const ids = [await jobIn(it, "completed"), await jobIn(it, "completed")];
    assertEquals(numbers(await it.queue.wait(ids, { failFast: true })), ["finished", 2, 0, 0]);
  });

  conformanceTest(real, "wait() gives up after its timeout", async (it) => {
    const ids = [await jobIn(it, "completed"), await push(it)];
    const startedAt = Date.now();
    const result = await it.queue.wait(ids, { timeoutMs: 100 });
    assertEquals(numbers(result), ["timeout", 1, 0, 1]);
    assertEquals(result.jobs.map(({ state }) => state), ["completed", "pending"]);
    assertBetween(Date.now() - startedAt, 95, LONG_MS / 2);
  });

  conformanceTest(harness, "wait() with no time only looks", async (it) => {
    assertEquals(numbers(await it.queue.wait([await push(it)], { timeoutMs: 0 })), ["timeout", 0, 0, 1]);
    assertEquals(numbers(await it.queue.wait([await jobIn(it, "failed")], { timeoutMs: 0 })), [
      "finished",
      0,
      1,
      0,
    ]);
  });

  conformanceTest(real, "wait() gives up when aborted", async (it) => {
    const controller = new AbortController();
    const waiting = it.queue.wait([await push(it)], { signal: controller.signal });
    controller.abort();
    assertEquals(numbers(await waiting), ["aborted", 0, 0, 1]);
  });

  conformanceTest(harness, "wait() of an unknown id is refused", async (it) => {
    const id = await jobIn(it, "completed");
    for (const unknown of ["no-such-id", "", "999999-abcdef", "1'; DROP TABLE jobs; --"]) {
      await assertRejects(it.queue.wait([id, unknown]), UsageError);
    }
  });

  conformanceTest(real, "wait() of a job that is removed meanwhile is refused", async (it) => {
    const waiting = assertRejects(it.queue.wait([await push(it)]), UsageError);
    await it.queue.purge();
    await waiting;
  });

  conformanceTest(harness, "wait() for no jobs, or all of none, ends at once", async ({ queue }) => {
    assertEquals(numbers(await queue.wait([])), ["finished", 0, 0, 0]);
    assertEquals(numbers(await queue.wait("all")), ["finished", 0, 0, 0]);
  });

  conformanceTest(real, "wait() for all ends when nothing is left to do", async (it) => {
    await jobIn(it, "completed");
    await it.queue.enqueue([shellJob(), shellJob()]);
    const waiting = it.queue.wait("all");
    await (await it.next()).ack();
    await push(it);
    await (await it.next()).deadLetter(FAILURE);
    await (await it.next()).ack();
    assertEquals(numbers(await waiting), ["finished", 3, 1, 0]);
  });

  conformanceTest(harness, "wait() for all shows what did not complete", async (it) => {
    await jobIn(it, "completed");
    const ids = await Promise.all(
      (["failed", "timeout", "cancelled"] as const).map((state) => jobIn(it, state)),
    );
    const { jobs } = await it.queue.wait("all");
    assertEquals(jobs.map(({ id }) => id).toSorted(), ids.toSorted());
  });

  conformanceTest(harness, "wait() for all shows at most 100 jobs", async (it) => {
    const ids = await it.queue.enqueue(Array.from({ length: 120 }, () => shellJob()));
    await it.queue.cancel(ids.slice(0, 1));
    await it.pass(10);
    await it.queue.cancel(ids);
    const { jobs, notCompleted } = await it.queue.wait("all");
    assertEquals([jobs.length, notCompleted], [100, 120]);
    assertEquals(jobs.some(({ id }) => id === ids[0]), false);
  });

  conformanceTest(harness, "wait() for thousands of jobs counts them all", async (it) => {
    const ids = await it.queue.enqueue(Array.from({ length: 2_500 }, () => shellJob()));
    await it.queue.cancel(ids.slice(1));
    const result = await it.queue.wait(ids, { timeoutMs: 0 });
    assertEquals(numbers(result), ["timeout", 0, 2_499, 1]);
    assertEquals(result.jobs.map(({ id }) => id), [...ids]);
  });

  if (!harness.capabilities.dependencies) return;

  conformanceTest(real, "wait() for a blocked job ends when its parent fails", async (it) => {
    const parent = await push(it);
    const child = await push(it, shellJob("true", { after: [{ job: parent }] }));
    const waiting = it.queue.wait([child]);
    await bringTo(it, parent, "failed");
    const result = await waiting;
    assertEquals(numbers(result), ["finished", 0, 1, 0]);
    assertEquals(result.jobs[0]?.failure?.message, `its parent ${parent} failed`);
  });
}

function numbers({ reason, completed, notCompleted, unfinished }: WaitResult): readonly (string | number)[] {
  return [reason, completed, notCompleted, unfinished];
}
