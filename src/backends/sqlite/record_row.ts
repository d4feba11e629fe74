import type { Failure } from "../../core/failure.ts";
import type { JsonValue } from "../../core/job.ts";
import type { Execution, ExecutionOutcome, JobRecord } from "../../core/job_store.ts";
import { decodeRefusals } from "./refusals.ts";
import { decodeJobForDisplay, JOB_COLUMNS, type JobRow } from "./row.ts";

/** When the state changed last: a push, a claim and an end have their own columns, and do not write this one. */
export const UPDATED_AT =
  "max(created_at, coalesce(updated_at, 0), coalesce(started_at, 0), coalesce(finished_at, 0))";

/** The columns that make a `JobRecord`. */
export const RECORD_COLUMNS =
  `${JOB_COLUMNS}, ${UPDATED_AT} AS updated_at, started_at, ended_at, finished_at, worker_id, outcome,
  result, output, warning, cancel_reason, refusals`;

/** The columns of the table `executions` that make an `Execution`. */
export const EXECUTION_COLUMNS = "number, worker_id, started_at, ended_at, outcome, failure, output";

/** A row of RECORD_COLUMNS. */
export interface RecordRow extends JobRow {
  readonly updated_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly finished_at: number | null;
  readonly worker_id: string | null;
  readonly outcome: string | null;
  readonly result: string | null;
  readonly output: string | null;
  readonly warning: string | null;
  readonly cancel_reason: string | null;
  readonly refusals: string | null;
}

/** A row of EXECUTION_COLUMNS. */
export interface ExecutionRow {
  readonly number: number;
  readonly worker_id: string | null;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly outcome: string | null;
  readonly failure: string | null;
  readonly output: string | null;
}

/** The record of a row. What cannot be decoded is shown as such or left out: it never fails a list. */
export function decodeRecord(row: RecordRow): JobRecord {
  const job = decodeJobForDisplay(row);
  const failure = decodeFailure(row.failure, row.updated_at);
  return {
    ...job,
    updatedAt: row.updated_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
    workerId: row.worker_id ?? undefined,
    exitCode: failure?.exitCode ?? exitCodeOf(row.state, job),
    signal: failure?.signal,
    failure,
    result: decodeResult(row.result),
    warning: row.warning ?? undefined,
    refusals: decodeRefusals(row.refusals),
    isStopping: row.state === "running" && row.cancel_reason !== null,
  };
}

/**
 * The execution that a job's own row tells of, the newest. One that has no end, though the job does not run, was lost:
 * its worker was not heard of in time.
 */
export function decodeNewestExecution(row: RecordRow, startedAt: number): Execution {
  const isLost = row.ended_at === null && row.state !== "running";
  return decodeExecution({
    ...row,
    number: row.executions,
    started_at: startedAt,
    ended_at: isLost ? row.updated_at : row.ended_at,
    outcome: isLost ? "lost" : row.outcome,
    failure: row.outcome === "gated" ? refusalFailure(row) : row.failure,
  }, row);
}

/** As the table `executions` has it: the failure of the job's row may be of something else. */
function refusalFailure({ refusals }: RecordRow): string | null {
  const message = decodeRefusals(refusals)?.at(-1)?.reason;
  return message === undefined ? null : JSON.stringify({ message });
}

const OWN_FAILURE: ReadonlySet<ExecutionOutcome> = new Set<ExecutionOutcome>([
  "failed",
  "timeout",
  "cancelled",
  "gated",
]);

/** The execution of a row; `job` is the one that it is of. */
export function decodeExecution(row: ExecutionRow, job: RecordRow): Execution {
  const outcome = (row.outcome ?? (row.ended_at === null ? "running" : "lost")) as ExecutionOutcome;
  // What a job was cancelled for while it waited is not how its last execution ended.
  const isItsOwn = OWN_FAILURE.has(outcome);
  const failure = isItsOwn ? decodeFailure(row.failure, row.ended_at ?? row.started_at) : undefined;
  return {
    number: row.number,
    workerId: row.worker_id ?? undefined,
    startedAt: row.started_at,
    endedAt: row.ended_at ?? undefined,
    outcome,
    exitCode: failure?.exitCode ?? exitCodeOf(outcome, decodeJobForDisplay(job)),
    signal: failure?.signal,
    error: failure?.message,
    output: row.output ?? undefined,
  };
}

/** Commands that completed have exited with 0; functions exit with nothing. */
function exitCodeOf(outcome: string, { task }: Pick<JobRecord, "task">): number | undefined {
  return outcome === "completed" && task.kind !== "function" ? 0 : undefined;
}

/** The reason in a row, as far as it can be read; undefined when there is none. */
export function decodeFailure(text: string | null, at: number): Failure | undefined {
  if (text === null) return undefined;
  const unknown: Failure = { kind: "failed", message: "the reason cannot be read", at };
  const failure = decodeJson(text) as Partial<Failure> | null | undefined;
  return typeof failure?.message === "string" ? { ...unknown, ...failure } : unknown;
}

function decodeResult(text: string | null): JsonValue | undefined {
  return text === null ? undefined : decodeJson(text) as JsonValue | undefined;
}

function decodeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
