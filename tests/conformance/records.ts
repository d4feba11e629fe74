import type { NewJob } from "../../src/core/job.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FAILURE, shellJob, TIMED_OUT } from "../support/jobs.ts";
import { conformanceTest, type Harness, LONG_MS } from "./harness.ts";
import { jobIn, push } from "./job_in_state.ts";
import { withoutUndefined } from "./without_undefined.ts";

const JOB: NewJob = {
  task: { kind: "argv", argv: ["printf", "%s", "two words", ""] },
  name: "a name",
  env: { A: "1" },
  cwd: "/somewhere",
  maxAttempts: 4,
  retryDelayMs: 250,
  timeoutMs: 9_000,
};

/** What is known of a job at each stage of its life. */
export function recordsTopic(harness: Harness): void {
  for (const id of ["no-such-id", "", "1", "999999-abcdef", "1'; DROP TABLE jobs; --", "\0"]) {
    conformanceTest(harness, `get() of "${id}" is undefined`, async (it) => {
      await push(it);
      assertEquals(await it.queue.get(id), undefined);
    });
  }

  conformanceTest(
    harness,
    "a new job's record has what was pushed, and nothing of what is to come",
    async (it) => {
      const before = it.now();
      const id = await push(it, JOB);
      const { createdAt, updatedAt, visibleAt = createdAt, ...record } = withoutUndefined(await it.get(id));
      assertEquals({ ...record }, {
        ...JOB,
        id,
        state: "pending",
        attempts: 0,
        executions: 0,
        priority: 0,
        hasParents: false,
        isStopping: false,
        parents: [],
        children: [],
        history: [],
      });
      assert(
        before <= createdAt && createdAt <= it.now() && updatedAt === createdAt && visibleAt === createdAt,
      );
    },
  );

  conformanceTest(harness, "a delayed job's record says when it becomes ready", async (it) => {
    const { state, createdAt, visibleAt } = await it.get(
      await push(it, shellJob("true", { delayMs: LONG_MS })),
    );
    assertEquals([state, visibleAt], ["pending", createdAt + LONG_MS]);
  });

  conformanceTest(
    harness,
    "a running job's record says who runs it, since when and until when",
    async (it) => {
      const id = await push(it);
      await it.pass(10);
      await using lease = await it.next({ workerId: "w1" });
      const record = await it.get(id);
      assertEquals([record.state, record.workerId, record.isStopping], ["running", "w1", false]);
      assertEquals([record.attempts, record.executions, record.visibleAt], [0, 1, lease.expiresAt]);
      assert(record.startedAt !== undefined && record.startedAt >= record.createdAt + 10);
      assertEquals(record.updatedAt, record.startedAt);
      assertEquals([record.finishedAt, record.exitCode, record.failure], [undefined, undefined, undefined]);
    },
  );

  conformanceTest(harness, "renewing a lease does not change the job's state", async (it) => {
    const id = await push(it);
    await using lease = await it.next();
    const { updatedAt } = await it.get(id);
    await it.pass(10);
    await lease.renew(2 * LONG_MS);
    const record = await it.get(id);
    assertEquals([record.updatedAt, record.visibleAt], [updatedAt, lease.expiresAt]);
  });

  conformanceTest(
    harness,
    "a completed job's record has times, exit code, result and warning",
    async (it) => {
      const id = await push(it, JOB);
      const lease = await it.next({ workerId: "w1" });
      await it.pass(10);
      await lease.ack({ score: [0.5, null] }, { output: "last words", warning: "its result was cut" });
      const record = await it.get(id);
      assertEquals([record.state, record.attempts, record.executions], ["completed", 1, 1]);
      assertEquals([record.exitCode, record.signal, record.workerId], [0, undefined, "w1"]);
      assertEquals(record.result, { score: [0.5, null] });
      assertEquals([record.warning, record.failure], ["its result was cut", undefined]);
      assertEquals([record.visibleAt, record.updatedAt], [undefined, record.finishedAt]);
      const { startedAt = NaN, finishedAt = NaN } = record;
      assert(finishedAt >= startedAt + 10 && startedAt >= record.createdAt);
    },
  );

  for (const [state, failure] of [["failed", FAILURE], ["timeout", TIMED_OUT]] as const) {
    conformanceTest(harness, `a dead letter's record is "${state}" and has the reason`, async (it) => {
      const id = await push(it);
      await (await it.next({ workerId: "w1" })).deadLetter({ ...failure, signal: "SIGSEGV" });
      const record = await it.get(id);
      assertEquals(record.state, state);
      assertEquals(record.failure, { ...failure, signal: "SIGSEGV" });
      assertEquals([record.exitCode, record.signal, record.workerId], [failure.exitCode, "SIGSEGV", "w1"]);
      assertEquals([record.attempts, record.executions, record.result], [1, 1, undefined]);
      assertEquals([record.visibleAt, record.updatedAt], [undefined, record.finishedAt]);
    });
  }

  conformanceTest(
    harness,
    "the record of a job that failed and goes on tells of its last execution",
    async (it) => {
      const id = await push(it, JOB);
      await (await it.next({ workerId: "w1" })).retry({ delayMs: LONG_MS, failure: FAILURE });
      const record = await it.get(id);
      assertEquals([record.state, record.attempts, record.executions], ["pending", 1, 1]);
      assertEquals([record.failure, record.exitCode, record.workerId], [FAILURE, 3, "w1"]);
      assertEquals([record.finishedAt, record.visibleAt], [undefined, it.now() + LONG_MS]);
      assert(record.startedAt !== undefined);
    },
  );

  conformanceTest(harness, "the next execution's record has nothing of the one before it", async (it) => {
    const id = await push(it, JOB);
    await (await it.next({ workerId: "w1" })).retry({ delayMs: 0, failure: FAILURE });
    await using _lease = await it.next({ workerId: "w2" });
    const record = await it.get(id);
    assertEquals([record.state, record.workerId, record.executions], ["running", "w2", 2]);
    assertEquals([record.failure, record.exitCode, record.signal], [undefined, undefined, undefined]);
  });

  conformanceTest(harness, "a completed job's record has nothing of a failure before", async (it) => {
    const id = await push(it, JOB);
    await (await it.next()).retry({ delayMs: 0, failure: FAILURE });
    await (await it.next()).ack();
    const { state, failure, exitCode, attempts } = await it.get(id);
    assertEquals([state, failure, exitCode, attempts], ["completed", undefined, 0, 2]);
  });

  conformanceTest(
    harness,
    "a job that was given back has begun an execution that does not count",
    async (it) => {
      const id = await push(it, JOB);
      await (await it.next({ workerId: "w1" })).release();
      const record = await it.get(id);
      assertEquals([record.state, record.attempts, record.executions], ["pending", 0, 1]);
      assertEquals([record.failure, record.exitCode, record.finishedAt], [undefined, undefined, undefined]);
    },
  );

  conformanceTest(harness, "the record of a job that is to stop says so", async (it) => {
    const id = await jobIn(it, "running");
    await it.queue.cancel([id]);
    const { state, isStopping, failure, finishedAt } = await it.get(id);
    assertEquals([state, isStopping, failure, finishedAt], ["running", true, undefined, undefined]);
  });

  conformanceTest(
    harness,
    "the record of a job that was cancelled before it ran has the reason",
    async (it) => {
      const id = await push(it);
      await it.pass(10);
      await it.queue.cancel([id], { reason: "not needed any more" });
      const record = await it.get(id);
      assertEquals([record.state, record.isStopping, record.startedAt], ["cancelled", false, undefined]);
      const at = record.finishedAt ?? NaN;
      assertEquals(record.failure, { kind: "cancelled", message: "not needed any more", at });
      assertEquals([record.attempts, record.executions, record.updatedAt], [0, 0, record.finishedAt]);
      assert(at >= record.createdAt + 10);
    },
  );

  conformanceTest(harness, "the record of a job that was stopped has the reason", async (it) => {
    const id = await push(it);
    const lease = await it.next({ workerId: "w1" });
    await it.queue.cancel([id], { reason: "it ran wild" });
    await lease.cancel();
    const record = await it.get(id);
    assertEquals([record.state, record.isStopping, record.workerId], ["cancelled", false, "w1"]);
    assertEquals([record.failure?.kind, record.failure?.message], ["cancelled", "it ran wild"]);
    assertEquals([record.attempts, record.executions, record.exitCode], [0, 1, undefined]);
    assertEquals([record.visibleAt, record.updatedAt], [undefined, record.finishedAt]);
  });

  conformanceTest(harness, "a record that a caller changes stays as it is on the queue", async (it) => {
    const id = await push(it);
    await (await it.next()).ack({ list: [1] });
    Object.assign((await it.get(id)).result as object, { list: [2] });
    assertEquals((await it.get(id)).result, { list: [1] });
  });

  conformanceTest(harness, "counts() tells each state", async (it) => {
    const parent = await jobIn(it, "running");
    await jobIn(it, "pending");
    await push(it, shellJob("true", { delayMs: LONG_MS }));
    for (const state of ["completed", "failed", "cancelled", "timeout"] as const) await jobIn(it, state);
    if (harness.capabilities.dependencies) await push(it, shellJob("true", { after: [{ job: parent }] }));
    assertEquals({ ...await it.queue.counts() }, {
      unfinished: harness.capabilities.dependencies ? 4 : 3,
      ready: 1,
      delayed: 1,
      running: 1,
      failed: 1,
      blocked: harness.capabilities.dependencies ? 1 : 0,
      timeout: 1,
      cancelled: 1,
      completed: 1,
    });
  });
}
