import { parseAfter } from "../../src/cli/after.ts";
import { UsageError } from "../../src/core/errors.ts";
import { assertEquals, assertMatch, assertThrows } from "../support/assert.ts";
import { test } from "../support/testing.ts";

test("parseAfter() reads names with and without a condition", () => {
  assertEquals(parseAfter("12,13-ab:any, x:y:failed,z:ok"), [
    { name: "12", when: undefined },
    { name: "13-ab", when: "any" },
    { name: "x:y", when: "failed" },
    { name: "z", when: "ok" },
  ]);
});

test("parseAfter() takes what is no condition for a part of the name", () => {
  assertEquals(parseAfter("12:anyone"), [{ name: "12:anyone", when: undefined }]);
});

for (const text of ["", "12,", ",", ":any", " "]) {
  test(`parseAfter() refuses ${JSON.stringify(text)}`, () => {
    assertMatch(assertThrows(() => parseAfter(text), UsageError).message, /lacks the name of a job/);
  });
}
