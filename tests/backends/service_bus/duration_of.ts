import { systemClock } from "../../../src/core/clock.ts";

/**
 * How long it takes until the work has ended, one way or the other, in ms.
 *
 * @param limitMs generous: it only bounds how long a broken test takes
 */
export async function durationOf(work: Promise<unknown>, limitMs = 20_000): Promise<number> {
  const before = Date.now();
  const limit = new AbortController();
  const tooLate = systemClock.sleep(limitMs, limit.signal).then(() => {
    if (!limit.signal.aborted) throw new Error(`it did not end within ${limitMs} ms`);
  });
  try {
    await Promise.race([Promise.allSettled([work]), tooLate]);
  } finally {
    limit.abort();
  }
  return Date.now() - before;
}
