// deno-lint-ignore-file no-control-regex -- colours begin with one
import type { LogFields, LogLevel } from "../../src/log/logger.ts";
import { formatPretty } from "../../src/log/pretty_sink.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { test } from "../support/testing.ts";

/** A line without its time. */
function line(level: LogLevel, fields: LogFields = {}, { color = false } = {}): string {
  const text = formatPretty({ level, at: Date.now(), message: "news", fields }, { color });
  return text.replace(/\d\d:\d\d:\d\d /, "");
}

test("a line begins with the local time of day", () => {
  const at = new Date(2026, 0, 2, 3, 4, 5).getTime();
  assertEquals(
    formatPretty({ level: "info", at, message: "news", fields: {} }, { color: false }),
    "03:04:05 news\n",
  );
});

test("a line names its level unless it is info", () => {
  assertEquals([line("debug"), line("info"), line("warn"), line("error")], [
    "debug: news\n",
    "news\n",
    "warn: news\n",
    "error: news\n",
  ]);
});

test("fields follow as key=value, those that are undefined are left out", () => {
  assertEquals(
    line("info", { slot: 0, ok: true, name: undefined, took: "3s" }),
    "news slot=0 ok=true took=3s\n",
  );
});

test("values that could be taken for something else are quoted, so that a line stays a line", () => {
  assertEquals(
    line("info", { a: "x y", b: "", c: 'say "x"', d: "k=v", e: "l1\nl2", f: "\x1b[2J" }),
    'news a="x y" b="" c="say \\"x\\"" d="k=v" e="l1\\nl2" f="\\u001b[2J"\n',
  );
});

test("control characters in a message are blanks, so that a line stays a line", () => {
  const text = formatPretty({ level: "info", at: 0, message: "a\n12:00:00 b\x1b[2Jc", fields: {} }, {
    color: false,
  });
  assertMatch(text, /^\d\d:\d\d:\d\d a 12:00:00 b \[2Jc\n$/);
});

test("colour is used for warnings and errors, and only when asked for", () => {
  assertMatch(line("warn", {}, { color: true }), /^\x1b\[33m/);
  assertMatch(line("error", {}, { color: true }), /^\x1b\[31m.*\x1b\[0m\n$/);
  assertEquals(line("info", {}, { color: true }), "news\n");
  assert(!line("error").includes("\x1b"));
});
