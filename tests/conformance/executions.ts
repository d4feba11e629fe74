import type { Execution, ExecutionOutcome } from "../../src/core/job_store.ts";
import type { JobId } from "../../src/core/job.ts";
import type { Lease } from "../../src/core/queue.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FAILURE, shellJob, TIMED_OUT } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness } from "./harness.ts";
import { push } from "./job_in_state.ts";
import { withoutUndefined } from "./without_undefined.ts";

interface Ending {
  readonly settle: (lease: Lease) => Promise<void>;
  /** What the execution's record then has, times and number excepted. */
  readonly record: Partial<Execution> & { readonly outcome: ExecutionOutcome };
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  "ack()": {
    settle: (lease) => lease.ack(7, { output: "last words" }),
    record: { outcome: "completed", exitCode: 0, output: "last words" },
  },
  "retry()": {
    settle: (lease) => lease.retry({ delayMs: 0, failure: FAILURE }),
    record: { outcome: "failed", exitCode: 3, error: FAILURE.message, output: "last words" },
  },
  "retry() after a timeout": {
    settle: (lease) => lease.retry({ delayMs: 0, failure: TIMED_OUT }),
    record: { outcome: "timeout", error: TIMED_OUT.message },
  },
  "deadLetter()": {
    settle: (lease) => lease.deadLetter({ ...FAILURE, exitCode: undefined, signal: "SIGKILL" }),
    record: { outcome: "failed", signal: "SIGKILL", error: FAILURE.message, output: "last words" },
  },
  "deadLetter() after a timeout": {
    settle: (lease) => lease.deadLetter({ ...TIMED_OUT, output: "too slow" }),
    record: { outcome: "timeout", error: TIMED_OUT.message, output: "too slow" },
  },
  "release()": {
    settle: (lease) => lease.release({ delayMs: 0, output: "half done" }),
    record: { outcome: "interrupted", output: "half done" },
  },
  "cancel()": {
    settle: (lease) => lease.cancel({ output: "half done" }),
    record: { outcome: "cancelled", output: "half done" },
  },
};

/** The history of a job: one entry for each time that it was leased. */
export function executionsTopic(harness: Harness): void {
  conformanceTest(harness, "an execution is in the history while it runs", async (it) => {
    const id = await push(it);
    await using _lease = await it.next({ workerId: "w1" });
    const { startedAt, history } = await it.get(id);
    assertEquals(history.map(withoutUndefined), [
      { number: 1, workerId: "w1", startedAt: startedAt ?? NaN, outcome: "running" },
    ]);
  });

  for (const [name, { settle, record }] of Object.entries(ENDINGS)) {
    conformanceTest(harness, `${name} ends the execution in the history`, async (it) => {
      const id = await push(it, shellJob("true", { maxAttempts: 2 }));
      const lease = await it.next({ workerId: "w1" });
      await it.pass(10);
      await settle(lease);
      const [execution, ...others] = await historyOf(it, id);
      const { startedAt = NaN, endedAt = NaN, error, ...rest } = execution ?? {};
      assertEquals(
        withoutUndefined(rest),
        withoutUndefined({ number: 1, workerId: "w1", ...record, error: undefined }),
      );
      // What is said of an execution that did not fail is the backend's choice.
      if (record.error !== undefined) assertEquals(error, record.error);
      assert(endedAt >= startedAt + 10);
      assertEquals(others, []);
    });
  }

  conformanceTest(harness, "a lost execution ends when another one begins", async (it) => {
    const id = await push(it);
    await it.next({ leaseMs: it.leaseMs, workerId: "w1" });
    await it.pass(it.leaseMs);
    await using _lease = await it.next({ workerId: "w2" });
    const history = await historyOf(it, id);
    assertEquals(history.map(({ number, workerId, outcome }) => [number, workerId, outcome]), [
      [1, "w1", "lost"],
      [2, "w2", "running"],
    ]);
    const [lost] = history;
    assert(lost?.endedAt !== undefined && lost.endedAt >= lost.startedAt);
  });

  conformanceTest(
    harness,
    "a history keeps every execution, oldest first, with its own story",
    async (it) => {
      const id = await push(it, shellJob("true", { maxAttempts: 9 }));
      await (await it.next({ workerId: "w1" })).release({ delayMs: 0, output: "one" });
      await (await it.next({ workerId: "w2" })).retry({ delayMs: 0, failure: { ...FAILURE, output: "two" } });
      await it.next({ leaseMs: it.leaseMs, workerId: "w3" });
      await it.pass(it.leaseMs);
      await (await it.next({ workerId: "w4" })).retry({ delayMs: 0, failure: TIMED_OUT });
      await (await it.next({ workerId: "w5" })).ack("result", { output: "five" });
      assertEquals(
        (await historyOf(it, id)).map(({ number, workerId, outcome, exitCode, output }) =>
          [number, workerId, outcome, exitCode, output].join()
        ),
        [
          "1,w1,interrupted,,one",
          "2,w2,failed,3,two",
          "3,w3,lost,,",
          "4,w4,timeout,,",
          "5,w5,completed,0,five",
        ],
      );
    },
  );

  conformanceTest(harness, "only executions that the job is to blame for count as attempts", async (it) => {
    const id = await push(it, shellJob("true", { maxAttempts: 9 }));
    await (await it.next()).release();
    await (await it.next()).retry({ delayMs: 0, failure: FAILURE });
    await it.next({ leaseMs: it.leaseMs });
    await it.pass(it.leaseMs);
    await using lease = await it.next();
    assertEquals([lease.job.attempts, lease.job.executions], [1, 4]);
    const { attempts, executions } = await it.get(id);
    assertEquals([attempts, executions], [1, 4]);
  });

  conformanceTest(harness, "a failure stays in the history of a job that is cancelled later", async (it) => {
    const id = await push(it, shellJob("true", { maxAttempts: 2 }));
    await (await it.next()).retry({ delayMs: it.leaseMs, failure: FAILURE });
    await it.queue.cancel([id], { reason: "enough" });
    const { failure, history } = await it.get(id);
    assertEquals([failure?.kind, failure?.message], ["cancelled", "enough"]);
    assertEquals(history.map(({ outcome, exitCode, error }) => [outcome, exitCode, error]), [
      ["failed", 3, FAILURE.message],
    ]);
  });

  conformanceTest(harness, "a poison job has lost all its executions", async (it) => {
    const id = await push(it);
    for (let i = 0; i < 5; i++) {
      await it.next({ leaseMs: it.leaseMs });
      await it.pass(it.leaseMs);
    }
    await it.assertNothingDue();
    const { state, failure, history } = await it.get(id);
    assertEquals([state, failure?.kind], ["failed", "poison"]);
    assertEquals(history.map(({ outcome }) => outcome), Array(5).fill("lost"));
  });

  conformanceTest(harness, "a requeued job goes on with its history", async (it) => {
    const id = await push(it);
    await (await it.next()).deadLetter(FAILURE);
    await it.queue.requeue([id]);
    await using lease = await it.next();
    assertEquals([lease.job.attempts, lease.job.executions], [0, 2]);
    assertEquals((await historyOf(it, id)).map(({ number, outcome }) => `${number} ${outcome}`), [
      "1 failed",
      "2 running",
    ]);
  });
}

async function historyOf(it: Fixture, id: JobId): Promise<readonly Execution[]> {
  return (await it.get(id)).history;
}
