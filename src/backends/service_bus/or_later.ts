import { DONE, onAbort } from "../../core/abort.ts";
import { systemClock } from "../../core/clock.ts";

/** What cannot be ended is waited for so long, in ms: the lookup of a name, and who makes the tokens. */
export const REST_MS = 2_000;

/** Waits for what never rejects, until the time is over or the signal is aborted. */
export async function orLater(
  work: Promise<void>,
  { ms, signal }: { ms: number; signal?: AbortSignal },
): Promise<void> {
  const end = new AbortController();
  using _ = signal && onAbort(signal, () => end.abort(DONE));
  await Promise.race([work, systemClock.sleep(ms, end.signal)]);
  end.abort(DONE);
}
