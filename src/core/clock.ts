/** Time, injected wherever code waits, so that tests need not. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`; with an aborted `signal` it resolves at once (it never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Timers take at most 2^31 - 1 ms; longer sleeps are cut, callers loop. */
const MAX_TIMER_MS = 2_147_483_647;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", finish);
        resolve();
      };
      const timer = setTimeout(finish, Math.min(Math.max(0, ms), MAX_TIMER_MS));
      signal?.addEventListener("abort", finish, { once: true });
    }),
};
