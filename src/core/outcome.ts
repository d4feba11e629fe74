import type { Failure } from "./failure.ts";
import type { NewRefusal } from "./gate.ts";
import type { Job, JsonValue } from "./job.ts";
import { retryDelayMs, type RetryPolicy } from "./retry_policy.ts";

/** What came of one execution. */
export type Outcome =
  | {
    readonly kind: "succeeded";
    readonly result?: JsonValue;
    /** The last lines that the job printed. */
    readonly output?: string;
    /** Why what the job left as its result was not taken. */
    readonly warning?: string;
  }
  | {
    readonly kind: "failed";
    readonly exitCode?: number;
    readonly signal?: string;
    /** One sentence for people. */
    readonly error: string;
    /** The last lines that the job printed. */
    readonly output?: string;
    /** False where another attempt cannot help: the job goes to the dead letters at once. */
    readonly retryable: boolean;
  }
  | { readonly kind: "timed-out"; readonly timeoutMs: number; readonly output?: string }
  /** It was stopped because somebody cancelled the job. */
  | { readonly kind: "cancelled"; readonly output?: string }
  /** It was stopped for a reason that is not the job's. */
  | { readonly kind: "interrupted"; readonly output?: string }
  /** Its gate keeps this worker from running it. */
  | {
    readonly kind: "gated";
    /** One sentence, fit for any log. */
    readonly reason: string;
    /** The last line that the gate printed, which may quote its command. */
    readonly lastLine?: string;
  };

/** What the queue is told. */
export type Settlement =
  | { readonly kind: "ack"; readonly result?: JsonValue; readonly output?: string; readonly warning?: string }
  | { readonly kind: "retry"; readonly delayMs: number; readonly failure: Failure }
  | { readonly kind: "release"; readonly delayMs: number; readonly output?: string }
  | { readonly kind: "refuse"; readonly delayMs: number; readonly refusal: NewRefusal }
  | { readonly kind: "cancel"; readonly output?: string }
  | { readonly kind: "dead-letter"; readonly failure: Failure };

export interface SettlementPolicy {
  readonly retry?: Partial<RetryPolicy>;
  /** How long a job stays away after a gate refused it, in ms. */
  readonly gateDelayMs?: number;
  readonly workerId?: string;
  /** The machine of the worker. */
  readonly host?: string;
  /** The time of the settlement, ms since the epoch. */
  readonly now: number;
}

/** The only table that turns an outcome into what the queue is told. `job` is the one of the lease. */
export function settlementFor(outcome: Outcome, job: Job, policy: SettlementPolicy): Settlement {
  switch (outcome.kind) {
    case "succeeded":
      return { ...outcome, kind: "ack" };
    case "cancelled":
      return { kind: "cancel", output: outcome.output };
    case "interrupted":
      return { kind: "release", delayMs: 0, output: outcome.output };
    case "gated":
      return refusalOf(outcome, policy);
    case "failed":
    case "timed-out":
      return settleFailure(outcome, job, policy);
    default:
      return outcome satisfies never;
  }
}

function refusalOf(
  { reason: short, lastLine }: Extract<Outcome, { kind: "gated" }>,
  { gateDelayMs = 0, workerId = "", host = "", now }: SettlementPolicy,
): Settlement {
  const reason = lastLine === undefined ? short : `${short}: ${lastLine}`;
  return { kind: "refuse", delayMs: gateDelayMs, refusal: { workerId, host, reason, at: now } };
}

type FailedOutcome = Extract<Outcome, { kind: "failed" | "timed-out" }>;

function settleFailure(outcome: FailedOutcome, job: Job, policy: SettlementPolicy): Settlement {
  const failure = failureOf(outcome, policy);
  const attempt = job.attempts + 1;
  const mayRetry = outcome.kind === "timed-out" || outcome.retryable;
  if (!mayRetry || attempt >= job.maxAttempts) return { kind: "dead-letter", failure };
  const retry = job.retryDelayMs === undefined ? policy.retry : { ...policy.retry, baseMs: job.retryDelayMs };
  return { kind: "retry", delayMs: retryDelayMs(attempt, retry), failure };
}

function failureOf(outcome: FailedOutcome, { now, workerId }: SettlementPolicy): Failure {
  const common = { output: outcome.output, workerId, at: now };
  return outcome.kind === "timed-out"
    ? { kind: "timed-out", message: `it ran longer than its ${outcome.timeoutMs} ms`, ...common }
    : {
      kind: "failed",
      message: outcome.error,
      exitCode: outcome.exitCode,
      signal: outcome.signal,
      ...common,
    };
}
