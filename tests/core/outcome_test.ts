import type { Job } from "../../src/core/job.ts";
import { type Outcome, settlementFor } from "../../src/core/outcome.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const NOW = 1_700_000_000_000;
const POLICY = { retry: { baseMs: 1_000, jitter: 0 }, workerId: "w1", now: NOW };
const FAILED: Outcome = {
  kind: "failed",
  exitCode: 3,
  error: "exited with code 3",
  output: "last words",
  retryable: true,
};
const TIMED_OUT: Outcome = { kind: "timed-out", timeoutMs: 500, output: "slow" };

function jobWith(more: Partial<Job> = {}): Job {
  return {
    id: "1-a",
    state: "running",
    task: { kind: "shell", command: "true" },
    env: {},
    maxAttempts: 3,
    attempts: 0,
    executions: 1,
    priority: 0,
    hasParents: false,
    createdAt: NOW,
    ...more,
  };
}

test("a success is acknowledged with its result", () => {
  assertEquals(settlementFor({ kind: "succeeded", result: [1] }, jobWith(), POLICY), {
    kind: "ack",
    result: [1],
  });
});

test("a success is acknowledged with its last lines and with why it has no result", () => {
  const notes = { output: "last words", warning: "no result: it is not JSON" };
  assertEquals(settlementFor({ kind: "succeeded", ...notes }, jobWith(), POLICY), { kind: "ack", ...notes });
});

test("an interrupted job is released at once, even on its last attempt", () => {
  const job = jobWith({ attempts: 2 });
  const outcome = { kind: "interrupted", output: "last words" } as const;
  assertEquals(settlementFor(outcome, job, POLICY), { kind: "release", delayMs: 0, output: "last words" });
});

test("a cancelled job is cancelled, however many attempts are left", () => {
  const outcome = { kind: "cancelled", output: "last words" } as const;
  const job = jobWith({ attempts: 0 });
  assertEquals(settlementFor(outcome, job, POLICY), { kind: "cancel", output: "last words" });
});

test("a refused job goes back for the gate's delay, with a note of who refused it, and no attempt counts", () => {
  const policy = { ...POLICY, gateDelayMs: 7_000, workerId: "w1", host: "node1" };
  assertEquals(settlementFor({ kind: "gated", reason: "exit code 3" }, jobWith(), policy), {
    kind: "refuse",
    delayMs: 7_000,
    refusal: { workerId: "w1", host: "node1", reason: "exit code 3", at: POLICY.now },
  });
});

test("a refused job goes back at once when the gate has no delay", () => {
  const settlement = settlementFor({ kind: "gated", reason: "exit code 3" }, jobWith(), POLICY);
  assertEquals(settlement.kind === "refuse" && settlement.delayMs, 0);
});

test("a failure with attempts left is retried, with its reason", () => {
  assertEquals(settlementFor(FAILED, jobWith(), POLICY), {
    kind: "retry",
    delayMs: 1_000,
    failure: {
      kind: "failed",
      message: "exited with code 3",
      exitCode: 3,
      signal: undefined,
      output: "last words",
      workerId: "w1",
      at: NOW,
    },
  });
});

test("the second failure waits twice as long", () => {
  const settlement = settlementFor(FAILED, jobWith({ attempts: 1 }), POLICY);
  assertEquals(settlement.kind === "retry" && settlement.delayMs, 2_000);
});

test("a job's own retry delay goes before the worker's", () => {
  const settlement = settlementFor(FAILED, jobWith({ retryDelayMs: 50 }), POLICY);
  assertEquals(settlement.kind === "retry" && settlement.delayMs, 50);
});

test("the last attempt's failure is dead-lettered", () => {
  assertEquals(settlementFor(FAILED, jobWith({ attempts: 2 }), POLICY).kind, "dead-letter");
});

test("a job with a single attempt is dead-lettered at its first failure", () => {
  assertEquals(settlementFor(FAILED, jobWith({ maxAttempts: 1 }), POLICY).kind, "dead-letter");
});

test("a failure that no retry can help is dead-lettered at once", () => {
  assertEquals(settlementFor({ ...FAILED, retryable: false }, jobWith(), POLICY).kind, "dead-letter");
});

test("a signal is kept as the reason", () => {
  const outcome: Outcome = { kind: "failed", signal: "SIGSEGV", error: "killed by SIGSEGV", retryable: true };
  const settlement = settlementFor(outcome, jobWith({ maxAttempts: 1 }), POLICY);
  assertEquals(settlement.kind === "dead-letter" && settlement.failure.signal, "SIGSEGV");
});

test("a timeout with attempts left is retried", () => {
  assertEquals(settlementFor(TIMED_OUT, jobWith(), POLICY).kind, "retry");
});

test("the last attempt's timeout is dead-lettered as one", () => {
  const settlement = settlementFor(TIMED_OUT, jobWith({ attempts: 2 }), POLICY);
  assertEquals(settlement.kind === "dead-letter" && [settlement.failure.kind, settlement.failure.output], [
    "timed-out",
    "slow",
  ]);
});
