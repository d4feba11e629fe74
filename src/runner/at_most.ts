import { DONE, onAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";

/** Waits for `work`, but no longer than `ms`, and not when the signal is aborted. */
export async function atMost(
  ms: number,
  work: Promise<unknown>,
  { clock, signal }: { clock: Clock; signal?: AbortSignal },
): Promise<void> {
  const timer = new AbortController();
  using _ = signal && onAbort(signal, () => timer.abort(DONE));
  try {
    await Promise.race([work, clock.sleep(ms, timer.signal)]);
  } finally {
    timer.abort(DONE);
  }
}
