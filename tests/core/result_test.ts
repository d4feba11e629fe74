import { MAX_RESULT_BYTES } from "../../src/core/limits.ts";
import { resultProblem } from "../../src/core/result.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { test } from "../support/testing.ts";

for (const value of [null, 0, false, "", [], {}, { a: [1, "ä", null] }]) {
  test(`${JSON.stringify(value)} can be a result`, () => {
    assertEquals(resultProblem(value), undefined);
  });
}

test("a result may have 1 MiB of JSON and not a byte more", () => {
  assertEquals(resultProblem("x".repeat(MAX_RESULT_BYTES - 2)), undefined);
  assertMatch(resultProblem("x".repeat(MAX_RESULT_BYTES - 1)) ?? "", /1048577 bytes, more than 1048576/);
});

test("the size of a result is counted in bytes, not in characters", () => {
  assertMatch(resultProblem("ä".repeat(MAX_RESULT_BYTES / 2)) ?? "", /more than/);
});

for (const [name, value] of Object.entries({ undefined: undefined, "a function": () => 1, "a bigint": 1n })) {
  test(`${name} cannot be a result`, () => {
    assertMatch(resultProblem(value) ?? "", /^it is not JSON/);
  });
}

test("a value that contains itself cannot be a result", () => {
  const value: Record<string, unknown> = {};
  value.self = value;
  assertMatch(resultProblem(value) ?? "", /^it is not JSON/);
});

test("a result may be nested 500 levels deep and not one deeper", () => {
  const nested = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels)) as unknown;
  assertEquals(resultProblem(nested(500)), undefined);
  assertMatch(resultProblem({ wide: [1, nested(499)] }) ?? "", /deeper than 500/);
});
