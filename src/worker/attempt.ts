import { DONE, onAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { errorMessage, isTransient, LeaseLostError } from "../core/errors.ts";
import { type Outcome, type Settlement, settlementFor } from "../core/outcome.ts";
import type { Lease } from "../core/queue.ts";
import { retryDelayMs, type RetryPolicy } from "../core/retry_policy.ts";
import type { Logger } from "../log/logger.ts";
import type { Runner, StopReason } from "../runner/runner.ts";
import { Heartbeat } from "./heartbeat.ts";

export interface AttemptOptions {
  readonly runner: Runner;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retry: Partial<RetryPolicy>;
  readonly workerId: string;
  readonly queueName: string;
  /** As in the queue's capabilities. */
  readonly sharedOutages: boolean;
  readonly slot: number;
  /** Aborted to stop the job and give it back. */
  readonly interrupt: AbortSignal;
  /** Aborted to do so at once. */
  readonly kill: AbortSignal;
}

/** How an attempt ended. */
export type AttemptReport =
  | { readonly kind: "settled"; readonly outcome: Outcome; readonly settlement: Settlement }
  /** Somebody else has the job; nothing was settled. */
  | { readonly kind: "lost" }
  /** The runner cannot run jobs here; the job was given back. */
  | { readonly kind: "not-run"; readonly error: unknown }
  /** The queue could not be told; the job runs again when its lease has ended. */
  | { readonly kind: "unsettled"; readonly outcome: Outcome; readonly error: unknown };

/** How a settlement that failed for a reason that may pass is repeated. */
const SETTLE_RETRY: Partial<RetryPolicy> = { baseMs: 100, capMs: 5_000 };

/** One lease's life: run the job, keep the lease meanwhile, tell the queue what came of it. */
export async function runAttempt(lease: Lease, options: AttemptOptions): Promise<AttemptReport> {
  const { leaseMs, clock, log, retry, workerId, sharedOutages } = options;
  using heartbeat = new Heartbeat(lease, { leaseMs, clock, log, sharedOutages });
  let failure: { readonly error: unknown } | undefined;
  const outcome = await runJob(lease, heartbeat.lost, options).catch((error): Outcome => {
    failure = { error };
    return { kind: "interrupted" };
  });
  if (heartbeat.lost.aborted) return { kind: "lost" };
  const settlement = settlementFor(outcome, lease.job, { retry, workerId, now: clock.now() });
  for (let failures = 1;; failures++) {
    try {
      await settle(lease, settlement);
      return failure ? { kind: "not-run", ...failure } : { kind: "settled", outcome, settlement };
    } catch (error) {
      if (error instanceof LeaseLostError || heartbeat.lost.aborted) return { kind: "lost" };
      if (!isTransient(error) || options.kill.aborted) return { kind: "unsettled", outcome, error };
      log.warn(`cannot settle job ${lease.job.id}, trying again: ${errorMessage(error)}`);
      await clock.sleep(retryDelayMs(failures, SETTLE_RETRY), options.kill);
    }
  }
}

async function runJob(lease: Lease, lost: AbortSignal, options: AttemptOptions): Promise<Outcome> {
  const { runner, clock, log, workerId, queueName, slot, interrupt, kill } = options;
  const { job } = lease;
  const stop = new AbortController();
  const stopFor = (reason: StopReason) => () => stop.abort(reason);
  using _lost = onAbort(lost, stopFor({ kind: "lease-lost" }));
  using _interrupt = onAbort(interrupt, stopFor({ kind: "interrupted" }));
  const finished = new AbortController();
  if (job.timeoutMs !== undefined) {
    const { timeoutMs } = job;
    void clock.sleep(timeoutMs, finished.signal).then(stopFor({ kind: "timed-out", timeoutMs }));
  }
  try {
    return await runner.run(job, {
      signal: stop.signal,
      kill,
      log,
      slot,
      env: {
        JOBQ_JOB_ID: job.id,
        JOBQ_TASK_ID: job.id,
        JOBQ_ATTEMPT: String(job.attempts + 1),
        JOBQ_QUEUE: queueName,
        JOBQ_WORKER_ID: workerId,
        JOBQ_SLOT: String(slot),
      },
    });
  } finally {
    finished.abort(DONE);
  }
}

async function settle(lease: Lease, settlement: Settlement): Promise<void> {
  switch (settlement.kind) {
    case "ack":
      return await lease.ack(settlement.result);
    case "retry":
      return await lease.retry(settlement);
    case "release":
      return await lease.release(settlement);
    case "dead-letter":
      return await lease.deadLetter(settlement.failure);
    default:
      return settlement satisfies never;
  }
}
