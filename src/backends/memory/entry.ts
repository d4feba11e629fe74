import type { Failure } from "../../core/failure.ts";
import type { Job, JobId, JobState, JsonValue, NewJob } from "../../core/job.ts";

/** All that the queue knows of one job. */
export interface Entry {
  readonly id: JobId;
  /** Counts the pushes. */
  readonly seq: number;
  readonly pushed: NewJob;
  readonly createdAt: number;
  state: JobState;
  attempts: number;
  lostLeases: number;
  /** The end of the delay (pending) or of the lease (running); undefined once finished. */
  visibleAt?: number;
  /** The newest lease's; whoever has another one settles nothing. */
  token?: string;
  workerId?: string;
  failure?: Failure;
  result?: JsonValue;
  finishedAt?: number;
}

/** The order in which jobs are leased. */
export function byPlace(a: Entry, b: Entry): number {
  return (a.visibleAt ?? 0) - (b.visibleAt ?? 0) || a.seq - b.seq;
}

export function isPending({ state }: Entry): boolean {
  return state === "pending";
}

/** The job as callers see it: a copy. */
export function jobOf({ id, pushed, state, attempts, createdAt, visibleAt }: Entry): Job {
  const { task, name, env = {}, cwd, maxAttempts = 1, retryDelayMs, timeoutMs } = structuredClone(pushed);
  return {
    id,
    state,
    task,
    name,
    env,
    cwd,
    maxAttempts,
    attempts,
    retryDelayMs,
    timeoutMs,
    createdAt,
    visibleAt,
  };
}
