import type { Execution, JobDetails, JobRecord } from "../core/job_store.ts";
import { failureToJson, jobToJson } from "./job_view.ts";
import { isoTime } from "./time_text.ts";

/** A record as `--json` prints it: the job, and what came of it so far. */
export function recordToJson(record: JobRecord): Record<string, unknown> {
  return {
    ...jobToJson(record),
    executions: record.executions,
    updated_at: isoTime(record.updatedAt),
    started_at: isoTime(record.startedAt),
    finished_at: isoTime(record.finishedAt),
    took_ms: tookMs(record),
    worker_id: record.workerId,
    exit_code: record.exitCode,
    signal: record.signal,
    error: record.failure?.message,
    failure: record.failure && failureToJson(record.failure),
    result: record.result,
    warning: record.warning,
    refusals: record.refusals?.map(({ workerId, host, reason, at, times }) => ({
      worker_id: workerId,
      host,
      reason,
      at: isoTime(at),
      times,
    })),
    stopping: record.isStopping || undefined,
  };
}

/** All that is known of a job as `--json` prints it; of its environment the values only when they are asked for. */
export function detailsToJson(
  details: JobDetails,
  { showEnv }: { showEnv: boolean },
): Record<string, unknown> {
  const record = recordToJson(details);
  return {
    ...record,
    env: showEnv ? details.env : record.env,
    parents: details.parents.map(({ id, when, state, isSatisfied }) => ({
      id,
      when,
      state,
      satisfied: isSatisfied,
    })),
    children: details.children,
    history: details.history.map(executionToJson),
  };
}

function executionToJson(execution: Execution): Record<string, unknown> {
  return {
    number: execution.number,
    worker_id: execution.workerId,
    started_at: isoTime(execution.startedAt),
    ended_at: isoTime(execution.endedAt),
    outcome: execution.outcome,
    exit_code: execution.exitCode,
    signal: execution.signal,
    error: execution.error,
    output: execution.output,
  };
}

/**
 * How long the newest execution took; undefined for a job that does not run and was not ended by an execution: one
 * that was cancelled may have waited since.
 */
export function tookMs({ state, startedAt, finishedAt }: JobRecord): number | undefined {
  return startedAt === undefined || finishedAt === undefined || state === "cancelled"
    ? undefined
    : Math.max(0, finishedAt - startedAt);
}

/** The state for people: a job that was told to stop still runs. */
export function stateText({ state, isStopping }: JobRecord): string {
  return isStopping ? "stopping" : state;
}
