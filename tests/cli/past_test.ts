import { parsePast } from "../../src/cli/record_options.ts";
import { UsageError } from "../../src/core/errors.ts";
import { assertBetween, assertEquals, assertMatch, assertThrows } from "../support/assert.ts";
import { test } from "../support/testing.ts";

test("parsePast() takes a duration for so long ago", () => {
  const before = Date.now();
  assertBetween(parsePast("2h"), before - 7_200_000, Date.now() - 7_200_000);
});

test("parsePast() takes a bare date for its midnight here", () => {
  assertEquals(parsePast("2026-05-01"), new Date(2026, 4, 1).getTime());
});

const INSTANTS: Readonly<Record<string, number>> = {
  "2026-05-01T09:30": new Date(2026, 4, 1, 9, 30).getTime(),
  "2026-05-01 09:30:15": new Date(2026, 4, 1, 9, 30, 15).getTime(),
  "2026-05-01T09:30:15.250Z": Date.UTC(2026, 4, 1, 9, 30, 15, 250),
  "2026-05-01T09:30+02:00": Date.UTC(2026, 4, 1, 7, 30),
};
for (const [text, at] of Object.entries(INSTANTS)) {
  test(`parsePast() reads ${text}`, () => assertEquals(parsePast(text), at));
}

for (const text of ["2026-02-31", "2026-13-01", "2026-05-01T25:00", "2026-5-1", "2026-05-01Z", "2026-"]) {
  test(`parsePast() refuses ${text}`, () => {
    const { message, hint } = assertThrows(() => parsePast(text), UsageError);
    assertEquals(message, `"${text}" is not a date`);
    assertMatch(hint ?? "", /2026-05-01T09:30/);
  });
}

for (const text of ["soon", "", "-1d", "7y"]) {
  test(`parsePast() refuses ${JSON.stringify(text)}, which is no duration either`, () => {
    const { message, hint } = assertThrows(() => parsePast(text), UsageError);
    assertMatch(message, /is not a duration/);
    assertMatch(hint ?? "", /2026-05-01T09:30/);
  });
}
