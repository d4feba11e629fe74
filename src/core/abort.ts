/**
 * The reason given where nobody reads it. Without one, `abort()` makes an exception with a stack trace, which
 * costs more than the rest of the call.
 */
export const DONE = "done";

/** Runs `action` when the signal is aborted, at once if it is already; dispose to stop listening. */
export function onAbort(signal: AbortSignal, action: () => void): Disposable {
  if (signal.aborted) action();
  else signal.addEventListener("abort", action, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", action) };
}
