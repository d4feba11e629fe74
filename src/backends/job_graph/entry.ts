import type { Failure } from "../../core/failure.ts";
import type { GateRefusal } from "../../core/gate.ts";
import type { Job, JobId, JobState, JsonValue, NewJob, ParentCondition } from "../../core/job.ts";
import type { Execution } from "../../core/job_store.ts";

/** What a job waits, or waited, for. */
export interface Link {
  readonly when: ParentCondition;
  /** The parent has come to it. Kept when the parent's record is removed. */
  isSatisfied: boolean;
}

/** An execution of which the end is still to be written. */
export type ExecutionEntry = { -readonly [Field in keyof Execution]: Execution[Field] };

/** All that the queue knows of one job. */
export interface Entry {
  readonly id: JobId;
  /** Counts the pushes. */
  readonly seq: number;
  readonly pushed: Omit<NewJob, "after" | "delayMs">;
  readonly createdAt: number;
  /** In the order in which they were named. */
  readonly parents: ReadonlyMap<JobId, Link>;
  /** Oldest first. */
  readonly history: ExecutionEntry[];
  state: JobState;
  updatedAt: number;
  attempts: number;
  lostLeases: number;
  /** How long the delay or the lease was when it was set; of a blocked job, the delay that it was pushed with. */
  waitMs: number;
  /** The end of the delay (pending) or of the lease (running). Ready jobs have none, and so stay ready if time runs backwards. */
  visibleAt?: number;
  /** The newest holder's, aborted to have the job stopped. Whoever has another one settles nothing. */
  hold?: AbortController;
  /** Of a running job that is to be stopped. */
  cancelReason?: string;
  /** The newest execution, unless the job was requeued since. */
  latest?: ExecutionEntry;
  failure?: Failure;
  /** The parent because of which the job was cancelled. */
  cause?: JobId;
  result?: JsonValue;
  warning?: string;
  refusals?: readonly GateRefusal[];
  finishedAt?: number;
}

/** The order in which jobs are leased once they are ready. */
export function byPlace(a: Entry, b: Entry): number {
  return priorityOf(b) - priorityOf(a) || a.seq - b.seq;
}

export function priorityOf({ pushed }: Entry): number {
  return pushed.priority ?? 0;
}

/** The key that no second unfinished job may have. */
export function uniqueKeyOf({ pushed }: Entry): string | undefined {
  return pushed.ifExists && pushed.key;
}

/** The job as callers see it: a copy. */
export function jobOf(entry: Entry): Job {
  const pushed = structuredClone(entry.pushed);
  const { task, name, env = {}, cwd, maxAttempts = 1, retryDelayMs, timeoutMs } = pushed;
  return {
    id: entry.id,
    state: entry.state,
    task,
    name,
    env,
    cwd,
    maxAttempts,
    attempts: entry.attempts,
    executions: entry.history.length,
    priority: priorityOf(entry),
    hasParents: entry.parents.size > 0,
    key: uniqueKeyOf(entry),
    retryDelayMs,
    timeoutMs,
    gateCmd: pushed.gateCmd,
    bgDirsyncTo: pushed.bgDirsyncTo,
    bgDirsyncCreate: pushed.bgDirsyncCreate,
    createdAt: entry.createdAt,
    visibleAt: entry.visibleAt,
  };
}
