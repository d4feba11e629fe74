import { DONE, onAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { LeaseLostError } from "../core/errors.ts";
import type { Job } from "../core/job.ts";
import { type Outcome, type Settlement, settlementFor } from "../core/outcome.ts";
import { lazyImport } from "../core/lazy_import.ts";
import type { Lease, ParentResults, Queue } from "../core/queue.ts";
import type { RetryPolicy } from "../core/retry_policy.ts";
import { type Runner, stoppedOutcome, type StopReason } from "../runner/runner.ts";
import { type ExecutionLogOptions, openExecutionLog } from "./execution_log.ts";
import type { Gatekeeper } from "./gatekeeper.ts";
import { Heartbeat } from "./heartbeat.ts";
import { hostName } from "./host_name.ts";
import { heldLeaseMs } from "./lease_length.ts";
import { persevere } from "./persevere.ts";
import type { DirsyncContext } from "./synced_directory.ts";

export interface AttemptOptions extends ExecutionLogOptions, DirsyncContext {
  readonly runner: Runner;
  readonly leaseMs: number;
  /** Whether the lease is renewed while the job runs. Default true. */
  readonly heartbeat?: boolean;
  readonly retry: Partial<RetryPolicy>;
  /** The one that the lease is of. */
  readonly queue: Queue;
  readonly workerId: string;
  readonly slot: number;
  /** Asks the job's gate. */
  readonly gatekeeper: Gatekeeper;
  /** Told when the job begins, which it does not if its gate refuses it. */
  readonly onBegin?: () => void;
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
  /** The job could not be started, through no fault of its own; it was given back. */
  | { readonly kind: "not-run"; readonly error: unknown }
  /** The queue could not be told; the job runs again when its lease has ended. */
  | { readonly kind: "unsettled"; readonly outcome: Outcome; readonly error: unknown };

/** One lease's life: run the job, keep the lease meanwhile, tell the queue what came of it. */
export async function runAttempt(lease: Lease, options: AttemptOptions): Promise<AttemptReport> {
  const { clock, log, retry, workerId, kill } = options;
  const { sharedOutages, sharedRenewals } = options.queue.capabilities;
  const leaseMs = heldLeaseMs(lease, options);
  using heartbeat = options.heartbeat === false
    ? undefined
    : new Heartbeat(lease, { leaseMs, clock, log, sharedOutages, sharedRenewals });
  const { lost } = heartbeat ?? lease;
  let failure: { readonly error: unknown } | undefined;
  const outcome = await runJob(lease, lost, options).catch((error): Outcome => {
    failure = { error };
    return { kind: "interrupted" };
  });
  if (lost.aborted) return { kind: "lost" };
  const settlement = settlementFor(outcome, lease.job, {
    retry,
    workerId,
    host: outcome.kind === "gated" ? hostName() : undefined,
    gateDelayMs: options.gatekeeper.delayMs,
    now: clock.now(),
  });
  try {
    const what = `settle job ${lease.job.id}`;
    await persevere(() => settle(lease, settlement), { what, until: [kill, lost], clock, log });
  } catch (error) {
    if (error instanceof LeaseLostError || lost.aborted) return { kind: "lost" };
    return { kind: "unsettled", outcome, error };
  }
  return failure ? { kind: "not-run", ...failure } : { kind: "settled", outcome, settlement };
}

/** Runs the job until it ends or has to be stopped; of several reasons to stop it, the first counts. */
async function runJob(lease: Lease, lost: AbortSignal, options: AttemptOptions): Promise<Outcome> {
  const { job } = lease;
  const stop = new AbortController();
  const stopFor = (reason: StopReason) => () => stop.abort(reason);
  using _lost = onAbort(lost, stopFor({ kind: "lease-lost" }));
  using _cancelled = onAbort(lease.cancelled, stopFor({ kind: "cancelled" }));
  using _interrupt = onAbort(options.interrupt, stopFor({ kind: "interrupted" }));
  const context = { ...contextOf(job, options), signal: stop.signal };
  const verdict = await options.gatekeeper.ask(job, context);
  if (verdict.kind === "refused") {
    const { reason, lastLine } = verdict;
    return { kind: "gated", reason, lastLine };
  }
  if (stop.signal.aborted) return stoppedOutcome(stop.signal);
  using _runs = options.gatekeeper.jobRuns();
  options.onBegin?.();
  const parentResults = job.hasParents ? await readParentResults(lease, stop.signal, options) : undefined;
  if (stop.signal.aborted) return stoppedOutcome(stop.signal);
  const execute = async (env: Readonly<Record<string, string>> = {}): Promise<Outcome> => {
    const finished = new AbortController();
    if (job.timeoutMs !== undefined) {
      const { timeoutMs } = job;
      void options.clock.sleep(timeoutMs, finished.signal).then(stopFor({ kind: "timed-out", timeoutMs }));
    }
    const record = openExecutionLog(options.queue.logs, job, options);
    try {
      const full = { ...context, env: { ...context.env, ...env }, parentResults, record };
      return await options.runner.run(job, full);
    } finally {
      finished.abort(DONE);
      await record?.close();
    }
  };
  const { bgDirsyncTo } = job;
  if (bgDirsyncTo === undefined) return await execute();
  const { withSyncedDirectory } = await lazyImport<typeof import("./synced_directory.ts")>(
    import.meta.resolve("./synced_directory.ts"),
  );
  return await withSyncedDirectory(
    { ...job, bgDirsyncTo },
    {
      ...options,
      signal: stop.signal,
      lost,
      untilHeld: options.heartbeat === false ? undefined : () => untilHeld(lease, lost, options.clock),
    },
    execute,
  );
}

/** How long is waited between two looks whether a lease that ended was renewed, in ms. */
const HELD_POLL_MS = 100;

/** A process that stood still past its lease may find so before its next renewal does. @throws the reason of `lost` */
async function untilHeld(lease: Lease, lost: AbortSignal, clock: Clock): Promise<void> {
  while (!lost.aborted && clock.now() >= lease.expiresAt) await clock.sleep(HELD_POLL_MS, lost);
  lost.throwIfAborted();
}

/** What a runner is told whatever the job. */
function contextOf(job: Job, { log, kill, slot, queue, workerId }: AttemptOptions) {
  return {
    kill,
    log,
    slot,
    maxResultBytes: queue.capabilities.maxResultBytes,
    execution: job.executions,
    env: {
      JOBQ_JOB_ID: job.id,
      JOBQ_TASK_ID: job.id,
      JOBQ_ATTEMPT: String(job.attempts + 1),
      JOBQ_QUEUE: queue.name,
      JOBQ_QUEUE_NAME: queue.name,
      JOBQ_WORKER_ID: workerId,
      JOBQ_SLOT: String(slot),
    },
  };
}

/** Undefined when the job is to be stopped meanwhile. */
async function readParentResults(
  lease: Lease,
  stop: AbortSignal,
  { clock, log }: AttemptOptions,
): Promise<ParentResults | undefined> {
  const what = `read the results of the parents of job ${lease.job.id}`;
  try {
    return await persevere(() => lease.parentResults(), { what, until: [stop], clock, log });
  } catch (error) {
    if (stop.aborted) return undefined;
    throw error;
  }
}

async function settle(lease: Lease, settlement: Settlement): Promise<void> {
  switch (settlement.kind) {
    case "ack": {
      const { result, output, warning } = settlement;
      return await lease.ack(result, { output, warning });
    }
    case "retry":
      return await lease.retry(settlement);
    case "release":
      return await lease.release(settlement);
    case "refuse":
      return await lease.refuse(settlement);
    case "cancel":
      return await lease.cancel({ output: settlement.output });
    case "dead-letter":
      return await lease.deadLetter(settlement.failure);
    default:
      return settlement satisfies never;
  }
}
