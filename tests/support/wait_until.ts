import { systemClock } from "../../src/core/clock.ts";

/**
 * Looks again and again until `condition` answers something truthy, which it returns.
 *
 * @param limitMs generous: it only bounds how long a broken test takes
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  { limitMs = 20_000, what = "the condition" }: { limitMs?: number; what?: string } = {},
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() >= deadline) throw new Error(`${what} did not come true in ${limitMs} ms`);
    await systemClock.sleep(5);
  }
}
