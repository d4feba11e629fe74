import { UsageError } from "./errors.ts";

/**
 * Refuses a span of time that a queue could not keep: not a number, too short or too long.
 *
 * @param ms the span, in ms; `max` defaults to 100 years
 * @throws {UsageError} naming `what`
 */
export function assertSpan(
  what: string,
  ms: number,
  { min, max = MAX_SPAN_MS }: { min: number; max?: number },
): void {
  if (!(ms >= min && ms <= max)) {
    throw new UsageError(`${what} must last from ${min} to ${max} ms, not ${ms}`);
  }
}

/** 100 years, in ms: an instant that far away is still a safe integer. */
export const MAX_SPAN_MS = 5_200 * 7 * 86_400_000;

/** The largest result of a job where the queue does not say otherwise, in bytes of JSON. */
export const MAX_RESULT_BYTES = 1024 * 1024;
