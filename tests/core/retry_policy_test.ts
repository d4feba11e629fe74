import fc from "fast-check";
import { retryDelayMs } from "../../src/core/retry_policy.ts";
import { assertBetween, assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

test("the delay doubles with each attempt", () => {
  const policy = { baseMs: 100, capMs: 1e9, jitter: 0 };
  assertEquals([1, 2, 3, 4].map((attempt) => retryDelayMs(attempt, policy)), [100, 200, 400, 800]);
});

test("the delay stops at the cap", () => {
  assertEquals(retryDelayMs(20, { baseMs: 100, capMs: 5_000, jitter: 0 }), 5_000);
});

test("a base over the cap is the delay", () => {
  assertEquals(retryDelayMs(3, { baseMs: 9_000, capMs: 5_000, jitter: 0 }), 9_000);
});

test("the jitter takes away at most its share", () => {
  const bounds = [0, 0.999999].map((value) =>
    retryDelayMs(1, { baseMs: 1_000, jitter: 0.5, random: () => value })
  );
  assertEquals(bounds, [1_000, 500]);
});

test("by default the first delay is between half a second and one", () => {
  for (let i = 0; i < 100; i++) assertBetween(retryDelayMs(1), 500, 1_000);
});

test("a base of 0 never waits", () => {
  assertEquals(retryDelayMs(50, { baseMs: 0 }), 0);
});

test("a field that is undefined stands for its default", () => {
  const policy = { baseMs: undefined, capMs: undefined, jitter: undefined, random: undefined };
  assertBetween(retryDelayMs(1, policy), 500, 1_000);
});

test("the delay is always a whole number between 0 and the cap", () => {
  const policies = fc.record({
    baseMs: fc.integer({ min: 0, max: 600_000 }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }).map((value) => () => value),
  });
  fc.assert(fc.property(fc.integer({ min: 1, max: 1e9 }), policies, (attempt, policy) => {
    const delay = retryDelayMs(attempt, policy);
    return Number.isSafeInteger(delay) && delay >= 0 && delay <= 600_000;
  }));
});
