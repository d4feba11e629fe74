import type { Clock } from "../../core/clock.ts";

/** After this long without a sign of life the other side is asked for one, and has as long again to answer, in ms. */
export const QUIET_MS = 15_000;

export interface KeepAliveOptions {
  readonly clock: Clock;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly ping: () => void;
  /** Called once, when no sign of life came. */
  readonly onSilence: () => void;
}

/**
 * Sees to it that a network which swallows everything does not go unnoticed. It counts no time: a machine that was
 * suspended, or whose clock was set, finds nothing amiss by that alone.
 *
 * @param alive is told of signs of life
 */
export async function keepAlive(
  alive: { heard: boolean },
  { clock, signal, ping, onSilence }: KeepAliveOptions,
): Promise<void> {
  for (;;) {
    alive.heard = false;
    await clock.sleep(QUIET_MS, signal);
    if (signal.aborted) return;
    if (alive.heard) continue;
    ping();
    await clock.sleep(QUIET_MS, signal);
    if (signal.aborted) return;
    if (!alive.heard) return onSilence();
  }
}
