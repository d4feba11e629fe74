import { UsageError } from "../../../src/core/errors.ts";
import { readDirsyncSettings } from "../../../src/worker/dirsync/settings.ts";
import { assertEquals, assertMatch, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

const read = (env: Record<string, string>) => readDirsyncSettings((name) => env[name]);

test("without variables a directory is copied every 30 s, all of it, 5 files at a time", () => {
  assertEquals(read({}), { everyMs: 30_000, threads: 5, include: [], exclude: [], deleteAfterCopy: false });
});

test("the variables of the environment set how a directory is copied", () => {
  const env = {
    AMLT_DIRSYNC_FREQ: "0.25",
    AMLT_DIRSYNC_N_THREADS: "12",
    AMLT_DIRSYNC_INCLUDE: " *.pt\tlogs/\n**/*.json ",
    AMLT_DIRSYNC_EXCLUDE: "*.tmp",
    AMLT_DELETE_AFTER_COPY: "1",
  };
  assertEquals(read(env), {
    everyMs: 250,
    threads: 12,
    include: ["*.pt", "logs/", "**/*.json"],
    exclude: ["*.tmp"],
    deleteAfterCopy: true,
  });
});

test("AMLT_DELETE_AFTER_COPY is on for 1, true and yes, and off for 0, false, no and nothing", () => {
  const isOn = (value: string) => read({ AMLT_DELETE_AFTER_COPY: value }).deleteAfterCopy;
  assertEquals(["1", "true", "TRUE", "yes"].map(isOn), [true, true, true, true]);
  assertEquals(["0", "false", "No", ""].map(isOn), [false, false, false, false]);
});

for (
  const [name, value] of [
    ["AMLT_DIRSYNC_FREQ", "0"],
    ["AMLT_DIRSYNC_FREQ", "-1"],
    ["AMLT_DIRSYNC_FREQ", "30s"],
    ["AMLT_DIRSYNC_FREQ", "Infinity"],
    ["AMLT_DIRSYNC_N_THREADS", "0"],
    ["AMLT_DIRSYNC_N_THREADS", "2.5"],
    ["AMLT_DIRSYNC_N_THREADS", "257"],
    ["AMLT_DELETE_AFTER_COPY", "maybe"],
  ] as const
) {
  test(`${name}=${value} is a usage error that names the variable`, () => {
    const error = assertThrows(() => read({ [name]: value }), UsageError);
    assertMatch(error.message, new RegExp(`^Cannot use \\$${name}: "${value}" is n`));
  });
}
