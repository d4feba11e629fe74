import type { CallOptions } from "./queue.ts";
import type { JobId } from "./job.ts";

/** How often a worker says that it lives, in ms. */
export const WORKER_BEAT_MS = 30_000;

/** What a worker tells about itself. */
export interface WorkerSelf {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** How many jobs it runs at the same time. */
  readonly slots: number;
}

/** How a worker is asked to leave: after its running jobs, or giving them back. */
export type StopRequest = "drain" | "now";

/** A worker as others see it. */
export interface WorkerInfo extends WorkerSelf {
  readonly startedAt: number;
  /** When it last said that it lives, ms since the epoch. */
  readonly beatAt: number;
  /** The jobs that it holds. */
  readonly jobs: readonly JobId[];
  readonly stop?: StopRequest;
  /** Its process is known to be gone. */
  readonly isGone?: boolean;
}

/** Whether a worker has been heard of lately, unless it is known to be gone: it may miss two of its beats. */
export function isAlive({ beatAt, isGone = false }: WorkerInfo, now: number): boolean {
  return !isGone && now - beatAt < 3 * WORKER_BEAT_MS;
}

/** A worker's entry among the others; disposing takes it out. */
export interface WorkerPresence extends AsyncDisposable {
  /** Called every few seconds: says when it is time that the worker lives; answers how it is to leave, if it is. */
  report(): Promise<StopRequest | undefined>;
}

/** The workers of a queue. */
export interface WorkerRegistry {
  register(self: WorkerSelf, options?: CallOptions): Promise<WorkerPresence>;
  /** Oldest first; those that have not been heard of for a day are forgotten. */
  list(options?: CallOptions): Promise<readonly WorkerInfo[]>;
  /** Asks a worker to leave; false when there is none of this id. */
  stop(id: string, request: StopRequest, options?: CallOptions): Promise<boolean>;
}
