import type { Failure } from "./failure.ts";
import type { GateRefusal } from "./gate.ts";
import type { FinishedState, Job, JobId, JobState, JsonValue, ParentCondition } from "./job.ts";
import type { CallOptions, Counts } from "./queue.ts";

/** All that is known of a job without its history. Instants are ms since the epoch. */
export interface JobRecord extends Job {
  /** The last change of its state. */
  readonly updatedAt: number;
  /** Of the newest execution. */
  readonly startedAt?: number;
  /** When it reached its final state. */
  readonly finishedAt?: number;
  /** Of the newest execution. */
  readonly workerId?: string;
  /** Of the newest execution, once it has ended by itself; 0 for a completed command. */
  readonly exitCode?: number;
  /** That ended the newest execution. */
  readonly signal?: string;
  /** Why the newest execution failed, or the job was cancelled. */
  readonly failure?: Failure;
  readonly result?: JsonValue;
  /** Why what the job left as its result was not taken. */
  readonly warning?: string;
  /** The workers on which its gate refused it, the newest refusal last; absent when there are none. */
  readonly refusals?: readonly GateRefusal[];
  /** Running, and asked to stop. */
  readonly isStopping: boolean;
}

/** How an execution ended. `lost`: its worker was not heard of again. `gated`: its gate refused it, and it did not begin. */
export type ExecutionOutcome =
  | "running"
  | "completed"
  | "failed"
  | "timeout"
  | "interrupted"
  | "cancelled"
  | "gated"
  | "lost";

/** One execution of a job. */
export interface Execution {
  /** From 1; interrupted and lost ones have theirs. */
  readonly number: number;
  readonly workerId?: string;
  readonly startedAt: number;
  /** Absent while it runs. */
  readonly endedAt?: number;
  readonly outcome: ExecutionOutcome;
  readonly exitCode?: number;
  readonly signal?: string;
  /** One sentence. */
  readonly error?: string;
  /** The last lines that it printed. */
  readonly output?: string;
}

/** A job that another one waits, or waited, for. */
export interface ParentRecord {
  readonly id: JobId;
  readonly when: ParentCondition;
  /** Undefined when its record was removed. */
  readonly state?: JobState;
  /** What the waiting job needs of it has come true. */
  readonly isSatisfied: boolean;
}

/** A job with its relations and its history. */
export interface JobDetails extends JobRecord {
  /** In the order in which they were named. */
  readonly parents: readonly ParentRecord[];
  readonly children: readonly JobId[];
  /** Oldest first. */
  readonly history: readonly Execution[];
}

/** What `list` sorts by; times, numbers and durations begin with the greatest, names with the first letter. */
export type SortKey =
  | "created"
  | "updated"
  | "started"
  | "finished"
  | "priority"
  | "name"
  | "duration"
  | "attempts";

export const SORT_KEYS: readonly [SortKey, ...SortKey[]] = [
  "created",
  "updated",
  "started",
  "finished",
  "priority",
  "name",
  "duration",
  "attempts",
];

export interface ListOptions extends CallOptions {
  /** Default: all. */
  readonly states?: readonly JobState[];
  /** A pattern of the whole name: `*`, `?`, `[a-z]`, as in a shell; case counts. */
  readonly name?: string;
  /** Pushed at or after this instant. */
  readonly createdSince?: number;
  /** Default `created`. Equals are sorted by creation, newest first. */
  readonly sort?: SortKey;
  /** The other way round. */
  readonly reverse?: boolean;
  /** Default: no limit. */
  readonly limit?: number;
}

/** A job that was left as it is, and why, in one sentence that goes on after its id: "is completed". */
export interface RefusedJob {
  readonly id: JobId;
  readonly reason: string;
}

export interface CancelResult {
  /** Cancelled at once; children that were cancelled with them are not among them. */
  readonly cancelled: readonly JobId[];
  /** Running: their workers stop them. */
  readonly stopping: readonly JobId[];
  /** Jobs that waited for them, or for those, and were cancelled with them. */
  readonly children: number;
  readonly refused: readonly RefusedJob[];
}

/** Which finished jobs to requeue: some by id, or all in these states. */
export type RequeueSelection = readonly JobId[] | { readonly states: readonly RequeueableState[] };

export type RequeueableState = Exclude<FinishedState, "completed">;

export interface RequeueResult {
  readonly requeued: number;
  /** Jobs that were cancelled because of them, and wait for them again. */
  readonly children: number;
  readonly refused: readonly RefusedJob[];
}

export interface PruneOptions extends CallOptions {
  /** Default: completed and cancelled. */
  readonly states?: readonly FinishedState[];
  /** Only those that finished before this instant. */
  readonly finishedBefore?: number;
  /** Spare this many, the last to finish. */
  readonly keepNewest?: number;
  /** Only count them. */
  readonly dryRun?: boolean;
}

export interface PruneResult {
  readonly removed: number;
  /** Completed jobs that stay because a job that is not completed may still need their results. */
  readonly needed: number;
}

/** How the queue is doing. */
export interface Stats {
  readonly counts: Required<Counts>;
  readonly total: number;
  /** Of the last hour. */
  readonly lastHour: { readonly completed: number; readonly failed: number };
  /** Of the last 10,000 completed jobs at most; undefined when there are none. */
  readonly duration?: { readonly medianMs: number; readonly p95Ms: number; readonly jobs: number };
  /** When the oldest pending job was pushed. */
  readonly oldestPendingAt?: number;
  /**
   * How long the unfinished jobs take at the pace of the last hour, or of the time since the first job that was
   * completed in it began; undefined when none was.
   */
  readonly etaMs?: number;
}

/** How long these jobs take at the pace at which others were completed; undefined when none were. */
export function etaMs(
  unfinished: number,
  { completed, spanMs }: { completed: number; spanMs: number },
): number | undefined {
  return completed > 0 ? Math.round(unfinished * Math.max(0, spanMs) / completed) : undefined;
}

export interface WaitOptions extends CallOptions {
  /** Default: no limit. */
  readonly timeoutMs?: number;
  /** One finished job is enough. */
  readonly any?: boolean;
  /** One job that finished without completing is enough. */
  readonly failFast?: boolean;
}

export interface WaitResult {
  /** `finished`: all jobs, or with `any` one; `failed`: `failFast` was given and one did not complete. */
  readonly reason: "finished" | "failed" | "timeout" | "aborted";
  readonly completed: number;
  /** Finished, but not completed. */
  readonly notCompleted: number;
  readonly unfinished: number;
  /** The jobs that were asked for, in the same order; of "all", the last 100 that finished without completing. */
  readonly jobs: readonly JobRecord[];
}

/** What a backend that keeps records knows of its jobs, and what can be done to them. */
export interface JobStore {
  get(id: JobId, options?: CallOptions): Promise<JobDetails | undefined>;
  /** The ids that `text` may mean: the one that it is, or whose number it is; else all that begin with it, up to `limit`. */
  findIds(text: string, options: CallOptions & { limit: number }): Promise<readonly JobId[]>;
  list(options?: ListOptions): Promise<readonly JobRecord[]>;
  /** How many pending jobs will be leased before this one; undefined when it is not pending. */
  position(id: JobId, options?: CallOptions): Promise<number | undefined>;
  /**
   * Cancels jobs: waiting ones at once, with the jobs that wait for their completion; running ones by way of their workers.
   *
   * @param options.reason kept with them, one sentence
   */
  cancel(ids: readonly JobId[], options?: CallOptions & { reason?: string }): Promise<CancelResult>;
  /** Puts finished jobs back with all their attempts, and with them the jobs that were cancelled because of them. */
  requeue(which: RequeueSelection, options?: CallOptions): Promise<RequeueResult>;
  /** Removes the records of finished jobs, with their history and logs. */
  prune(options?: PruneOptions): Promise<PruneResult>;
  stats(options?: CallOptions): Promise<Stats>;
  /** Waits until jobs are finished. @throws {UsageError} for an id that there is not, or not any more */
  wait(which: readonly JobId[] | "all", options?: WaitOptions): Promise<WaitResult>;
}
