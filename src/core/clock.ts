/** Time, injected wherever code waits, so that tests need not. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`; with an aborted `signal` it resolves at once (it never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Timers take at most 2^31 - 1 ms (25 days); a longer sleep is several of them. */
const MAX_TIMER_MS = 2_147_483_647;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    let leftMs = ms;
    for (; leftMs > MAX_TIMER_MS && !signal?.aborted; leftMs -= MAX_TIMER_MS) {
      await sleepOnce(MAX_TIMER_MS, signal);
    }
    await sleepOnce(leftMs, signal);
  },
};

function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, Math.max(0, ms));
    signal?.addEventListener("abort", finish, { once: true });
  });
}
