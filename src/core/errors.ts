import { EXIT, type ExitCode } from "./exit_code.ts";

/** How an error is made: the hint says what to do, the cause is kept for `-vv`. */
export interface JobqErrorOptions {
  readonly hint?: string;
  readonly cause?: unknown;
}

/** The base of every error that jobq raises on purpose: one sentence, a hint, an exit code. */
export abstract class JobqError extends Error {
  abstract readonly exitCode: ExitCode;
  readonly hint?: string;

  constructor(message: string, { hint, cause }: JobqErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.hint = hint;
  }
}

/** The caller asked for something that cannot be: bad flag, bad input, bad address. */
export class UsageError extends JobqError {
  override readonly exitCode = EXIT.usage;
}

/** One of several jobs of a push cannot be pushed, and so none of them was. */
export class JobRefusedError extends UsageError {
  /** Which, counted from 0. */
  readonly index: number;

  constructor(index: number, cause: UsageError) {
    super(cause.message, { hint: cause.hint, cause });
    this.index = index;
  }
}

/** A job of a push that may not have been pushed, and why. */
export interface PushFailure {
  /** Which, counted from 0. */
  readonly index: number;
  readonly error: unknown;
}

/** Some jobs of a push, where each is sent by itself, are not on the queue, or not known to be. */
export class PartialPushError extends JobqError {
  override readonly exitCode: ExitCode;
  /** The ids of those that were pushed, in the places of their jobs. */
  readonly ids: readonly (string | undefined)[];
  /** Those that were tried and failed, in the order of the jobs; what has neither an id nor a failure was not tried. */
  readonly failures: readonly PushFailure[];

  constructor(ids: readonly (string | undefined)[], failures: readonly PushFailure[]) {
    const [first] = failures;
    const missing = ids.filter((id) => id === undefined).length;
    const cause = first?.error;
    super(`${missing} of ${ids.length} jobs were not pushed: ${errorMessage(cause)}`, {
      hint: cause instanceof JobqError ? cause.hint : undefined,
      cause,
    });
    this.exitCode = cause instanceof JobqError ? cause.exitCode : EXIT.backend;
    this.ids = ids;
    this.failures = failures;
  }
}

/** Jobs of a push wait for each other, directly or through others, and so none of them was pushed. */
export class CycleError extends UsageError {
  /** Which, counted from 0, each waiting for the next and the last for the first. */
  readonly indexes: readonly number[];

  constructor(indexes: readonly number[]) {
    super(indexes.length === 1 ? "a job waits for itself" : `${indexes.length} jobs wait for each other`, {
      hint: 'change the "after" of one of them',
    });
    this.indexes = indexes;
  }
}

/** The backend cannot do what was asked, by its nature. */
export class UnsupportedError extends JobqError {
  override readonly exitCode = EXIT.usage;
}

/** There is no such queue. */
export class QueueNotFoundError extends JobqError {
  override readonly exitCode = EXIT.queueNotFound;
}

/** The queue is there, but its permissions forbid the action. */
export class AccessDeniedError extends JobqError {
  override readonly exitCode = EXIT.accessDenied;
}

/** The queue cannot be reached or is broken. `transient` errors are worth another try later. */
export class BackendError extends JobqError {
  override readonly exitCode: ExitCode = EXIT.backend;
  readonly transient: boolean;
  /** What was asked for may be done: no answer told that it was not. */
  readonly mayBeDone: boolean;

  constructor(
    message: string,
    { transient = false, mayBeDone = false, ...options }:
      & JobqErrorOptions
      & { transient?: boolean; mayBeDone?: boolean } = {},
  ) {
    super(message, options);
    this.transient = transient;
    this.mayBeDone = mayBeDone;
  }
}

/** The lease is no longer held: it expired and another worker has, or had, the job. */
export class LeaseLostError extends JobqError {
  override readonly exitCode = EXIT.backend;

  constructor(jobId: string, options: JobqErrorOptions = {}) {
    super(`The lease of job ${jobId} is lost: it expired, or the job was removed`, options);
  }
}

/** True for errors after which the same call may succeed without anybody changing anything. */
export function isTransient(error: unknown): boolean {
  return error instanceof BackendError && error.transient;
}

/** The message of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
