import { parseSize, WORKER_FLAGS } from "../../src/cli/options.ts";
import { UsageError } from "../../src/core/errors.ts";
import { assertEquals, assertMatch, assertThrows } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const SIZES: Readonly<Record<string, number>> = {
  "0": 0,
  "100": 100,
  "64K": 65_536,
  "10M": 10_485_760,
  "1g": 2 ** 30,
};
for (const [text, bytes] of Object.entries(SIZES)) {
  test(`parseSize() reads ${text}`, () => assertEquals(parseSize(text), bytes));
}

for (const text of ["", "K", "1.5M", "-1", "10MB", "99999999999999G"]) {
  test(`parseSize() refuses ${JSON.stringify(text)}`, () => {
    const { message, hint } = assertThrows(() => parseSize(text), UsageError);
    assertEquals(message, `"${text}" is not a size`);
    assertMatch(hint ?? "", /64K/);
  });
}

const { keepFinished } = WORKER_FLAGS;

test("--keep-finished takes a plain number for how many, and a duration for how old", () => {
  assertEquals([keepFinished.read(["30"]), keepFinished.read(["30d"]), keepFinished.read([])], [
    { count: 30 },
    { ageMs: 2_592_000_000 },
    undefined,
  ]);
});
