import { createLogger, type LogLevel, type LogRecord } from "../../src/log/logger.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

/** What a logger of this level lets through of one line of each level. */
function through(level: LogLevel): readonly LogLevel[] {
  const records: LogRecord[] = [];
  const log = createLogger(level, (record) => records.push(record));
  log.debug("d");
  log.info("i");
  log.warn("w");
  log.error("e");
  return records.map((record) => record.level);
}

test("a logger shows its own level and all above", () => {
  assertEquals([through("debug"), through("info"), through("warn"), through("error")], [
    ["debug", "info", "warn", "error"],
    ["info", "warn", "error"],
    ["warn", "error"],
    ["error"],
  ]);
});

test("a record has the time, the level, the message and the fields", () => {
  const records: LogRecord[] = [];
  createLogger("info", (record) => records.push(record), () => 42).warn("careful", {
    slot: 1,
    name: undefined,
  });
  assertEquals(records, [{
    level: "warn",
    at: 42,
    message: "careful",
    fields: { slot: 1, name: undefined },
  }]);
});

test("a record without fields has none", () => {
  const records: LogRecord[] = [];
  createLogger("info", (record) => records.push(record)).info("news");
  assertEquals(records.map(({ fields }) => fields), [{}]);
});
