import type { Clock } from "./clock.ts";
import type { JobId } from "./job.ts";
import type { JobRecord, WaitOptions, WaitResult } from "./job_store.ts";

/** How many jobs there are of each kind. */
export type Progress = Pick<WaitResult, "completed" | "notCompleted" | "unfinished">;

/** What a backend offers to those who wait. */
export interface ProgressSource {
  /** @throws {UsageError} for an id that there is not */
  progress(which: readonly JobId[] | "all"): Promise<Progress>;
  /** Resolves when something may have changed, at the latest after `limitMs` or when the signal is aborted. */
  nextChange(limitMs: number, signal?: AbortSignal): Promise<void>;
  /** The jobs for the result, as `WaitResult` has them. */
  jobs(which: readonly JobId[] | "all"): Promise<readonly JobRecord[]>;
  readonly clock: Clock;
}

/** As `JobStore.wait`, for any backend. */
export async function waitForJobs(
  source: ProgressSource,
  which: readonly JobId[] | "all",
  { timeoutMs = Infinity, any = false, failFast = false, signal }: WaitOptions,
): Promise<WaitResult> {
  const deadline = source.clock.now() + timeoutMs;
  for (;;) {
    const progress = await source.progress(which);
    const reason = reasonToStop(progress, { any, failFast }) ??
      (signal?.aborted ? "aborted" : source.clock.now() >= deadline ? "timeout" : undefined);
    if (reason !== undefined) return { reason, ...progress, jobs: await source.jobs(which) };
    await source.nextChange(deadline - source.clock.now(), signal);
  }
}

function reasonToStop(
  { completed, notCompleted, unfinished }: Progress,
  { any, failFast }: { any: boolean; failFast: boolean },
): "finished" | "failed" | undefined {
  if (unfinished === 0) return "finished";
  if (failFast && notCompleted > 0) return "failed";
  return any && completed + notCompleted > 0 ? "finished" : undefined;
}
