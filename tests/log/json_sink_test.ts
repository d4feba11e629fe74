import { formatJson } from "../../src/log/json_sink.ts";
import type { LogFields } from "../../src/log/logger.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const line = (message: string, fields: LogFields = {}) => formatJson({ level: "warn", at, message, fields });

test("a line is an object of time, level, message and the fields", () => {
  assertEquals(
    line("news", { slot: 1, name: undefined, ok: false }),
    '{"time":"2026-01-02T03:04:05.678Z","level":"warn","message":"news","slot":1,"ok":false}\n',
  );
});

test("a line stays a line whatever it says", () => {
  const text = line("a\nb\u2028", { name: "c\r\n" });
  assertEquals([text.split("\n").length, JSON.parse(text).message, JSON.parse(text).name], [
    2,
    "a\nb\u2028",
    "c\r\n",
  ]);
});
