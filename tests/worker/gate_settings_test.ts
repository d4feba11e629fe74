import { UsageError } from "../../src/core/errors.ts";
import { DEFAULT_GATE_SETTINGS, readGateSettings } from "../../src/worker/gate/gate_settings.ts";
import { assertEquals, assertMatch, assertThrows } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const read = (env: Readonly<Record<string, string>>) => readGateSettings((name) => env[name]);

test("an environment that says nothing of gates leaves the defaults", () => {
  const defaults = {
    timeoutMs: 30_000,
    requeueDelayMs: 5_000,
    cacheSize: 128,
    negativeTtlMs: 60_000,
    maxNotQualified: 100,
  };
  assertEquals([read({}), DEFAULT_GATE_SETTINGS], [defaults, defaults]);
  assertEquals(read({ JOBQ_GATE_TIMEOUT_S: "", JOBQ_GATE_CACHE_SIZE: "" }), defaults);
});

test("seconds of gates may have fractions", () => {
  const settings = read({
    JOBQ_GATE_TIMEOUT_S: "0.25",
    JOBQ_GATE_REQUEUE_DELAY_S: "1.5",
    JOBQ_GATE_NEGATIVE_TTL_S: ".1",
    JOBQ_GATE_CACHE_SIZE: "1",
    JOBQ_GATE_MAX_NOT_QUALIFIED: "7",
  });
  assertEquals(settings, {
    timeoutMs: 250,
    requeueDelayMs: 1_500,
    cacheSize: 1,
    negativeTtlMs: 100,
    maxNotQualified: 7,
  });
});

test("a refused job may come back at once, and a refusal be forgotten at once", () => {
  const settings = read({ JOBQ_GATE_REQUEUE_DELAY_S: "0", JOBQ_GATE_NEGATIVE_TTL_S: "0" });
  assertEquals([settings.requeueDelayMs, settings.negativeTtlMs], [0, 0]);
});

const BAD: readonly (readonly [name: string, values: readonly string[]])[] = [
  ["JOBQ_GATE_TIMEOUT_S", ["0", "0.0001", "-1", "30s", "1e3", "NaN", "Infinity", "604801"]],
  ["JOBQ_GATE_REQUEUE_DELAY_S", ["-1", "soon", "604801"]],
  ["JOBQ_GATE_NEGATIVE_TTL_S", ["-0.5", " "]],
  ["JOBQ_GATE_CACHE_SIZE", ["0", "1.5", "-3", "many", "100001"]],
  ["JOBQ_GATE_MAX_NOT_QUALIFIED", ["0", "2.5", "forever"]],
];
for (const [name, values] of BAD) {
  test(`$${name} refuses ${values.map((value) => `"${value}"`).join(", ")} and is named`, () => {
    for (const value of values) {
      const { message } = assertThrows(() => read({ [name]: value }), UsageError);
      assertMatch(message, new RegExp(`\\$${name}: "${value}" is not a (whole )?number`));
    }
  });
}
