import { randomId } from "../../src/core/random_id.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { test } from "../support/testing.ts";

test("randomId() has the length that was asked for", () => {
  assertEquals([0, 1, 24, 5_000].map((length) => randomId(length).length), [0, 1, 24, 5_000]);
});

test("randomId() has letters and digits that cannot be mistaken", () => {
  assertMatch(randomId(10_000), /^[0-9a-hjkmnp-tv-z]+$/);
});

test("randomId() uses its whole alphabet", () => assertEquals(new Set(randomId(10_000)).size, 32));

test("randomId() does not repeat itself", () => {
  assertEquals(new Set(Array.from({ length: 10_000 }, () => randomId(24))).size, 10_000);
});
