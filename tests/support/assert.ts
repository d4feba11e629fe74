/** The one door through which tests get their assertions, so that another library is a change of this file. */
import assertModule from "node:assert/strict";

/** Fails unless `value` is truthy, and narrows its type. */
export function assert(value: unknown, message?: string): asserts value {
  assertModule.ok(value, message);
}

/** Fails unless both are deeply equal, prototypes included. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  assertModule.deepEqual(actual, expected, message);
}

export function assertNotEquals<T>(actual: T, unexpected: T, message?: string): void {
  assertModule.notDeepEqual(actual, unexpected, message);
}

export function assertMatch(text: string, pattern: RegExp): void {
  assertModule.match(text, pattern);
}

/** Fails unless `actual` lies in [min, max]. */
export function assertBetween(actual: number, min: number, max: number): void {
  assertModule.ok(actual >= min && actual <= max, `${actual} is not between ${min} and ${max}`);
}

/** Fails when `value` is null or undefined; answers it otherwise. */
export function assertExists<T>(value: T, message = "the value is missing"): NonNullable<T> {
  assertModule.ok(value !== undefined && value !== null, message);
  return value;
}

type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

/** Fails unless `fn` throws an `expected`; answers it. */
export function assertThrows<E extends Error>(fn: () => unknown, expected: ErrorClass<E>): E {
  try {
    fn();
  } catch (error) {
    return checkError(error, expected);
  }
  return assertModule.fail(`nothing was thrown instead of ${expected.name}`);
}

/** Fails unless the promise rejects with an `expected`; answers it. */
export async function assertRejects<E extends Error>(
  promise: Promise<unknown>,
  expected: ErrorClass<E>,
): Promise<E> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return checkError(error, expected);
  }
  return assertModule.fail(`it resolved to ${String(value)} instead of rejecting with ${expected.name}`);
}

function checkError<E extends Error>(error: unknown, expected: ErrorClass<E>): E {
  if (error instanceof expected) return error;
  throw new assertModule.AssertionError({
    message: `expected ${expected.name}, but got ${error instanceof Error ? error.stack : String(error)}`,
    actual: error,
  });
}
