import { UsageError } from "../../src/core/errors.ts";
import { assertSpan, MAX_SPAN_MS } from "../../src/core/limits.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/testing.ts";

test("assertSpan() takes both its bounds", () => {
  assertEquals(assertSpan("a lease", 1, { min: 1 }), undefined);
  assertEquals(assertSpan("a lease", MAX_SPAN_MS, { min: 1 }), undefined);
});

for (const ms of [0, -1, NaN, Infinity, MAX_SPAN_MS + 1]) {
  test(`assertSpan() refuses ${ms} ms and says what it would be`, () => {
    const error = assertThrows(() => assertSpan("a lease", ms, { min: 1 }), UsageError);
    assert(error.message.startsWith("a lease") && error.message.includes(String(ms)));
  });
}

test("an instant of the longest span away is a safe integer", () => {
  assert(Number.isSafeInteger(Date.now() + 2 * MAX_SPAN_MS));
});
