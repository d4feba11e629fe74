/** How long a failed job waits before its next attempt. */
export interface RetryPolicy {
  /** The delay after the first failed attempt, in ms; it doubles with each further one. Default 1 s. */
  readonly baseMs: number;
  /** No delay is longer than this, in ms (unless `baseMs` itself is). Default 10 min. */
  readonly capMs: number;
  /** The share of the delay that is random, 0 to 1, so that jobs that failed together do not return together. Default 0.5. */
  readonly jitter: number;
  /** A number in [0, 1); replaced in tests. */
  readonly random: () => number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  baseMs: 1_000,
  capMs: 600_000,
  jitter: 0.5,
  random: Math.random,
};

/**
 * The delay before the attempt that follows `attempt` (1 for the first), in whole ms: exponential, capped,
 * then shortened by up to the `jitter` share.
 */
export function retryDelayMs(attempt: number, policy: Partial<RetryPolicy> = {}): number {
  const usual = DEFAULT_RETRY_POLICY;
  // Not a spread: a field that is there but undefined, as an unset flag leaves it, must not hide the default.
  const { baseMs = usual.baseMs, capMs = usual.capMs, jitter = usual.jitter, random = usual.random } = policy;
  // Beyond 2^40 every base is over any sensible cap, and the power stays a finite number.
  const exponential = baseMs * 2 ** Math.min(attempt - 1, 40);
  const capped = Math.min(exponential, Math.max(capMs, baseMs));
  return Math.round(capped * (1 - jitter * random()));
}
