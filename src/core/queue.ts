import type { Failure } from "./failure.ts";
import type { NewRefusal } from "./gate.ts";
import type { Job, JobId, JsonValue, NewJob } from "./job.ts";
import type { JobLogs } from "./job_logs.ts";
import type { JobStore } from "./job_store.ts";
import type { WorkerRegistry } from "./workers.ts";

/** What a backend can and cannot do, as data, so that nobody asks which backend it is. */
export interface Capabilities {
  /** The longest lease, in ms. */
  readonly maxLeaseMs: number;
  /** How long a lease lasts is a setting of the queue: `leaseMs` is not heeded, `expiresAt` tells. */
  readonly fixedLease: boolean;
  /** The longest delay of a push or a retry, in ms. */
  readonly maxDelayMs: number;
  /** A job comes back from a delay at most this much late, in ms. */
  readonly delayErrorMs: number;
  /** The largest job (task, environment and all) that the queue takes, in bytes. */
  readonly maxPayloadBytes: number;
  /** `counts()` is exact, not an estimate, and tells the states apart. */
  readonly exactCounts: boolean;
  /** The most jobs that `peek()` shows. */
  readonly maxPeek: number;
  /** Jobs are leased in the order in which they were pushed. */
  readonly keepsOrder: boolean;
  /** A push is all or nothing; else a `PartialPushError` tells what was pushed. */
  readonly atomicPush: boolean;
  /** Pushing the same job again is recognised. */
  readonly deduplicates: boolean;
  /** … by the service, which does not tell: a job that was dropped as a duplicate looks like one that was pushed. */
  readonly silentDeduplication: boolean;
  readonly priorities: boolean;
  readonly dependencies: boolean;
  /** A job that is given back may be given a delay; else it is there at once, or a copy takes its place. */
  readonly delayedRelease: boolean;
  /** The backend itself counts a release as a delivery. */
  readonly countsReleases: boolean;
  /** Finished jobs can still be looked up. */
  readonly keepsRecords: boolean;
  /**
   * Who cannot reach the queue may take it that nobody else can, as with a file on a full disk: a lease is then not
   * given up because it could not be renewed in time. The token still decides who may settle.
   */
  readonly sharedOutages: boolean;
  /** Leases that are renewed at the same moment cost as much as one. */
  readonly sharedRenewals: boolean;
  /** The largest result of a job that is kept, in bytes of JSON. */
  readonly maxResultBytes: number;
}

/** How many jobs are in which state; those that may be absent are so where the backend does not know the state. */
export interface Counts {
  /** All that are neither finished nor dead, running ones too. */
  readonly unfinished: number;
  /** Dead letters, other than those in `timeout`; absent where they may not be counted. */
  readonly failed?: number;
  /** Can be leased now. */
  readonly ready?: number;
  /** Waiting for their delay to pass. */
  readonly delayed?: number;
  readonly running?: number;
  /** Waiting for their parents. */
  readonly blocked?: number;
  /** Dead letters whose last attempt was over its time. */
  readonly timeout?: number;
  readonly cancelled?: number;
  readonly completed?: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface LeaseOptions extends CallOptions {
  /** How long the job belongs to this holder unless renewed, in ms. */
  readonly leaseMs: number;
  /** How long to wait for a job when there is none, in ms; `Infinity` waits until the signal. */
  readonly waitMs: number;
  /** Noted with the job, for people. */
  readonly workerId?: string;
  /** Takes this job and no other. Only where records are kept. */
  readonly job?: JobId;
}

/** Of a push. */
export interface EnqueueOptions extends CallOptions {
  /** Told of each job that was not pushed because an unfinished one has its key; `id` is that one's. */
  readonly onSkip?: (index: number, id: JobId) => void;
  /** How many jobs are sent at the same time, where each is a request of its own. Default 10. */
  readonly concurrency?: number;
}

/** The results of a job's parents by their ids, in the order in which they were named; null where there is none. */
export type ParentResults = Readonly<Record<JobId, JsonValue>>;

/**
 * A named queue of jobs. Every method may throw the errors of `core/errors.ts`; those of `JobStore`, and `workers`, an
 * `UnsupportedError` where no records are kept (see `capabilities`).
 */
export interface Queue extends JobStore, AsyncDisposable {
  /** The address, without secrets. */
  readonly name: string;
  readonly capabilities: Capabilities;
  /**
   * Puts the jobs on the queue, all or none; answers their ids in the same order.
   *
   * @throws {JobRefusedError} naming the job that cannot be pushed, {CycleError}, and {PartialPushError} where a push
   * is not atomic and only some of the jobs are on the queue
   */
  enqueue(jobs: readonly NewJob[], options?: EnqueueOptions): Promise<readonly JobId[]>;
  /**
   * The next job, or undefined when none came within `waitMs` or the signal was aborted.
   * An aborted call never holds a job: either the lease is returned, or no lease was taken.
   */
  lease(options: LeaseOptions): Promise<Lease | undefined>;
  /** As `lease()`, for up to `max` jobs that are there at once; offered where that saves round trips. */
  leaseMany?(options: LeaseOptions & { max: number }): Promise<readonly Lease[]>;
  /**
   * Takes up again, by its `ticket`, a lease that another process took; offered where leases outlive their process.
   *
   * @throws {LeaseLostError}
   */
  resume?(ticket: string, options?: CallOptions): Promise<Lease>;
  /** Up to `limit` waiting jobs, and up to `maxPeek`, in the order in which they would be leased; changes nothing. */
  peek(limit: number, options?: CallOptions): Promise<readonly Job[]>;
  counts(options?: CallOptions): Promise<Counts>;
  /**
   * Removes all waiting jobs, blocked ones too; running and finished ones stay, and delayed ones where they cannot be
   * told from running ones (`exactCounts`). Answers how many.
   */
  purge(options?: CallOptions): Promise<number>;
  readonly deadLetters: DeadLetters;
  readonly workers: WorkerRegistry;
  /** Where the output of jobs is kept; undefined where it is not. */
  readonly logs: JobLogs | undefined;
}

/** The exclusive right to one job. Settle it once; disposing an unsettled lease releases it. */
export interface Lease extends AsyncDisposable {
  readonly job: Job;
  /** When the lease ends unless renewed, ms since the epoch. */
  readonly expiresAt: number;
  /** Names the lease for `Queue.resume()`, in this or another process; undefined where that is not offered. */
  readonly ticket?: string;
  /** Aborts with a `LeaseLostError` as its reason when the backend says that the job is no longer ours. */
  readonly lost: AbortSignal;
  /** Aborts, within 2 s or a third of the lease, when somebody cancelled the job: it should be stopped. */
  readonly cancelled: AbortSignal;
  /** What the job's parents left for it. */
  parentResults(): Promise<ParentResults>;
  /** Prolongs the lease to `leaseMs` from now. @throws {LeaseLostError} */
  renew(leaseMs: number): Promise<void>;
  /** The job is done. @throws {LeaseLostError} */
  ack(result?: JsonValue, notes?: { output?: string; warning?: string }): Promise<void>;
  /** The job goes back, the attempt counts. A cancelled job does not go back. @throws {LeaseLostError} */
  retry(options: { delayMs: number; failure: Failure }): Promise<void>;
  /** The job goes back, the attempt does not count. A cancelled job does not go back. @throws {LeaseLostError} */
  release(options?: { delayMs: number; output?: string }): Promise<void>;
  /**
   * The job goes back because its gate keeps this worker from running it, which is noted where records are kept. Neither
   * an attempt nor an execution counts. A cancelled job does not go back. @throws {LeaseLostError}
   */
  refuse(options: { delayMs: number; refusal: NewRefusal }): Promise<void>;
  /** The job was stopped because it was cancelled. @throws {LeaseLostError} */
  cancel(notes?: { output?: string }): Promise<void>;
  /** The job is given up, with the reason; the attempt counts. @throws {LeaseLostError} */
  deadLetter(failure: Failure): Promise<void>;
}

/** A job that was given up. */
export interface DeadLetter {
  readonly job: Job;
  readonly failure: Failure;
}

/** Which dead letters: some by id, or all. */
export type DeadLetterSelection = readonly JobId[] | "all";

/** The jobs that were given up, oldest first. */
export interface DeadLetters {
  list(options?: CallOptions & { limit?: number }): Promise<readonly DeadLetter[]>;
  /** Puts them back on the queue with all their attempts; answers how many. */
  requeue(which: DeadLetterSelection, options?: CallOptions): Promise<number>;
  /** Removes them for good; answers how many. */
  purge(which: DeadLetterSelection, options?: CallOptions): Promise<number>;
}

/** A job whose workers died this many times while running it is taken for their killer, and dead-lettered. */
export const MAX_LOST_LEASES = 5;

/** The reason given then. */
export function poisonFailure(lostLeases: number, at: number): Failure {
  return {
    kind: "poison",
    message: `its worker was lost ${lostLeases} times while running it`,
    at,
  };
}
