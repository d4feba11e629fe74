import type { Clock } from "../core/clock.ts";
import { errorMessage, isTransient } from "../core/errors.ts";
import { retryDelayMs, type RetryPolicy } from "../core/retry_policy.ts";
import type { Logger } from "../log/logger.ts";

export interface PersevereOptions {
  /** What the call does, for the log: "settle job 7". */
  readonly what: string;
  /** When one of them is aborted, the next failure is the last. */
  readonly until: readonly AbortSignal[];
  readonly clock: Clock;
  readonly log: Logger;
}

const RETRY: Partial<RetryPolicy> = { baseMs: 100, capMs: 5_000 };

/** Repeats a call to the queue for as long as it fails for a reason that may pass. @throws what it failed with last */
export async function persevere<T>(
  call: () => Promise<T>,
  { what, until, clock, log }: PersevereOptions,
): Promise<T> {
  for (let failures = 1;; failures++) {
    try {
      return await call();
    } catch (error) {
      if (!isTransient(error) || until.some(({ aborted }) => aborted)) throw error;
      log.warn(`cannot ${what}, trying again: ${errorMessage(error)}`);
      await clock.sleep(retryDelayMs(failures, RETRY), AbortSignal.any([...until]));
    }
  }
}
