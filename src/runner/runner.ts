import type { Job } from "../core/job.ts";
import type { LogWriter } from "../core/job_logs.ts";
import type { Outcome } from "../core/outcome.ts";
import type { ParentResults } from "../core/queue.ts";
import type { Logger } from "../log/logger.ts";

/** What surrounds one execution of a job. */
export interface RunContext {
  /** Aborted to stop the job in its own time; the reason is a `StopReason`. */
  readonly signal: AbortSignal;
  /** Aborted, after `signal`, to stop it at once. */
  readonly kill: AbortSignal;
  readonly log: Logger;
  /** The worker's place that the job runs in, from 0. */
  readonly slot: number;
  /** Which of the job's executions this is, from 1. */
  readonly execution: number;
  /** What jobq tells the job: `JOBQ_JOB_ID` and so on. */
  readonly env: Readonly<Record<string, string>>;
  /** What the job's parents left for it; undefined for a job that has none. */
  readonly parentResults?: ParentResults;
  /** The largest result that the queue keeps, in bytes of JSON. Default 1 MiB. */
  readonly maxResultBytes?: number;
  /** Takes what the job prints; whoever opened it closes it. */
  readonly record?: LogWriter;
}

/**
 * Runs jobs. `run` never rejects because of the job itself: whatever the job does is an outcome. A rejection means
 * that this machine cannot run jobs now, for example because it has no processes or no temporary space left.
 */
export interface Runner extends AsyncDisposable {
  run(job: Job, context: RunContext): Promise<Outcome>;
}

/** Why a running job is stopped. */
export type StopReason =
  | { readonly kind: "cancelled" }
  | { readonly kind: "interrupted" }
  | { readonly kind: "lease-lost" }
  | { readonly kind: "timed-out"; readonly timeoutMs: number };

/** The outcome of a job that was stopped, whatever its exit code. */
export function stoppedOutcome(signal: AbortSignal, output?: string): Outcome {
  const reason = signal.reason as StopReason;
  switch (reason.kind) {
    case "timed-out":
    case "cancelled":
      return { ...reason, output };
    case "interrupted":
    case "lease-lost":
      return { kind: "interrupted", output };
    default:
      return reason satisfies never;
  }
}
