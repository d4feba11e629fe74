import { DONE, onAbort } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import { BackendError, isTransient } from "../../core/errors.ts";
import { retryDelayMs, type RetryPolicy } from "../../core/retry_policy.ts";
import { failedCall } from "./failed_call.ts";
import * as storage from "./storage_errors.ts";

/** What a try is told. */
export interface Try {
  /** Aborted when the try has taken too long, or the caller gives up. */
  readonly signal: AbortSignal;
  /** How long it may take, in ms. */
  readonly timeoutMs: number;
  /** Whether an earlier try may have been done, though no answer told so: it timed out, was cut off, or got a 5xx. */
  readonly mayBeDone: boolean;
}

/** A try that failed and is followed by another. */
export interface FailedTry {
  readonly error: Error;
  /** 1 for the first. */
  readonly tries: number;
  /** The wait before the next. */
  readonly delayMs: number;
}

export interface RetryingOptions {
  /** How long all tries and the waits between them may take together. */
  readonly patienceMs: number;
  /** How long one try may take. */
  readonly tryTimeoutMs: number;
  /** Makes the error that the caller gets from what a try threw; a transient one is followed by another try. */
  readonly translate: (thrown: unknown) => Error;
  /** Whether what a try threw leaves open if it was done. Default: as the storage services mean it. */
  readonly mayBeDone?: (thrown: unknown) => boolean;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /**
   * Whether the signal ends a try that is under way, as is the default; else only the waits between tries: for a call
   * whose answer must not go unheard.
   */
  readonly endsTries?: boolean;
  /** A try ends by itself when its time is over, and heeds the signal as it wants. Default false. */
  readonly limitsItself?: boolean;
  readonly onRetry?: (failed: FailedTry) => void;
}

/** Of a call that nobody ends. */
const NEVER = new AbortController().signal;

const BACKOFF: Partial<RetryPolicy> = { baseMs: 250, capMs: 10_000 };

/**
 * Repeats a call for as long as it fails for a reason that may pass: after 250 ms, then twice as long each time, up to
 * 10 s, each shortened at random, or as long as the service asks. What the service asks is cut where no time for a last
 * try would be left.
 *
 * @throws what `translate` made of the last failure; the reason of `signal`, at once, when that is aborted
 */
export async function withRetries<T>(
  call: (attempt: Try) => Promise<T>,
  options: RetryingOptions,
): Promise<T> {
  const {
    patienceMs,
    tryTimeoutMs,
    translate,
    mayBeDone = storage.mayBeDone,
    clock,
    signal,
    onRetry,
    endsTries = true,
    limitsItself = false,
  } = options;
  const deadline = clock.now() + patienceMs;
  let isAmbiguous = false;
  for (let tries = 1;; tries++) {
    signal?.throwIfAborted();
    try {
      const timeoutMs = Math.min(tryTimeoutMs, deadline - clock.now());
      const attempt = { signal: signal ?? NEVER, timeoutMs, mayBeDone: isAmbiguous };
      if (limitsItself) return await call(attempt);
      return await tryOnce((own) => call({ ...attempt, signal: own }), {
        timeoutMs,
        clock,
        signal: endsTries ? signal : undefined,
      });
    } catch (thrown) {
      signal?.throwIfAborted();
      const error = translate(thrown);
      const leftMs = deadline - clock.now();
      const backoffMs = retryDelayMs(tries, BACKOFF);
      isAmbiguous ||= mayBeDone(thrown);
      if (!isTransient(error) || backoffMs >= leftMs) throw isAmbiguous ? doubtful(error) : error;
      const lastChanceMs = leftMs - Math.min(tryTimeoutMs, leftMs / 2);
      const askedMs = Math.min(failedCall(error).retryAfterMs ?? 0, lastChanceMs);
      const delayMs = Math.max(backoffMs, askedMs);
      onRetry?.({ error, tries, delayMs });
      await clock.sleep(delayMs, signal);
    }
  }
}

/** The error of a last try, where an earlier one may have been done. */
function doubtful(error: Error): Error {
  if (!(error instanceof BackendError) || error.mayBeDone) return error;
  const { message, hint, transient, cause } = error;
  return new BackendError(message, { hint, transient, cause, mayBeDone: true });
}

interface TryOptions {
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** One call, which ends when it is over, takes too long, or nobody wants it any more, whether it heeds its signal or not. */
async function tryOnce<T>(
  call: (signal: AbortSignal) => Promise<T>,
  { timeoutMs, clock, signal }: TryOptions,
): Promise<T> {
  const own = new AbortController();
  const timer = new AbortController();
  const ended = Promise.withResolvers<never>();
  // The call may win the race; then nobody looks at this promise.
  ended.promise.catch(() => {});
  const end = (reason: unknown) => {
    own.abort(reason);
    ended.reject(reason);
  };
  using _ = signal && onAbort(signal, () => end(signal.reason));
  void clock.sleep(timeoutMs, timer.signal).then(() => {
    if (!timer.signal.aborted) end(new DOMException("no answer came in time", "TimeoutError"));
  });
  try {
    return await Promise.race([call(own.signal), ended.promise]);
  } finally {
    timer.abort(DONE);
  }
}
