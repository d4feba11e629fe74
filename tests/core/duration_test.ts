import fc from "fast-check";
import { formatDuration, parseDuration } from "../../src/core/duration.ts";
import { EXIT } from "../../src/core/exit_code.ts";
import { UsageError } from "../../src/core/errors.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const VALID: Readonly<Record<string, number>> = {
  "0": 0,
  "5": 5_000,
  "0.5": 500,
  "250ms": 250,
  "30s": 30_000,
  "1.5s": 1_500,
  "10m": 600_000,
  "1h30m": 5_400_000,
  "2d": 172_800_000,
  "1w": 604_800_000,
  " 10m ": 600_000,
  "1d2h3m4s5ms": 93_784_005,
  "0.4ms": 0,
};

for (const [text, ms] of Object.entries(VALID)) {
  test(`parseDuration() reads "${text}"`, () => assertEquals(parseDuration(text), ms));
}

for (
  const text of [
    "",
    " ",
    "-1s",
    "1 h",
    "h",
    "10x",
    "1h-5m",
    "1e3",
    "0x10",
    "NaN",
    "Infinity",
    ".5s",
    "101y",
    "5201w",
  ]
) {
  test(`parseDuration() refuses "${text}"`, () => {
    const error = assertThrows(() => parseDuration(text), UsageError);
    assert(error.message.includes(text) && error.hint !== undefined);
    assertEquals(error.exitCode, EXIT.usage);
  });
}

const FORMATTED: Readonly<Record<number, string>> = {
  0: "0ms",
  40: "40ms",
  999: "999ms",
  1_000: "1s",
  2_500: "2.5s",
  9_999: "10s",
  59_600: "1m",
  5_400_000: "1h30m",
  3_605_000: "1h",
  86_399_999: "1d",
  90_061_000: "1d1h",
};

for (const [ms, text] of Object.entries(FORMATTED)) {
  test(`formatDuration() writes ${ms} ms as ${text}`, () => assertEquals(formatDuration(Number(ms)), text));
}

const anyMs = fc.integer({ min: 0, max: 5_000 * 7 * 86_400_000 });

test("what formatDuration() writes, parseDuration() reads, close to the original", () => {
  fc.assert(
    fc.property(anyMs, (ms) => Math.abs(parseDuration(formatDuration(ms)) - ms) <= Math.max(50, ms / 24)),
  );
});

test("formatDuration() writes what it wrote the same way again", () => {
  fc.assert(fc.property(anyMs, (ms) => {
    const text = formatDuration(ms);
    return formatDuration(parseDuration(text)) === text;
  }));
});

test("parseDuration() either answers whole milliseconds or throws a UsageError", () => {
  const text = fc.string({ unit: fc.constantFrom(..."0123456789.smhdw -e") });
  fc.assert(fc.property(text, (written) => {
    try {
      const ms = parseDuration(written);
      return Number.isSafeInteger(ms) && ms >= 0;
    } catch (error) {
      return error instanceof UsageError;
    }
  }));
});
