import { UsageError } from "../../src/core/errors.ts";
import { assertRunnable, describeTask, MAX_ARGUMENT_BYTES, type NewJob } from "../../src/core/job.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { test } from "../support/testing.ts";

const RUNNABLE: Readonly<Record<string, NewJob>> = {
  "a command of the largest size": shellJob("x".repeat(MAX_ARGUMENT_BYTES)),
  "an argument that is empty": { task: { kind: "argv", argv: ["echo", ""] } },
  "a variable that is empty": shellJob("true", { env: { A: "" } }),
  "a variable of the largest size": shellJob("true", { env: { A: "x".repeat(MAX_ARGUMENT_BYTES - 2) } }),
  "no delay": shellJob("true", { delayMs: 0, retryDelayMs: 0 }),
};

for (const [what, job] of Object.entries(RUNNABLE)) {
  test(`assertRunnable() takes ${what}`, () => assertEquals(assertRunnable(job), undefined));
}

const REFUSED: readonly [what: string, job: NewJob, word: string][] = [
  ["an empty command", shellJob(""), "empty"],
  ["a command of blanks", shellJob(" \n\t"), "empty"],
  ["a command with a NUL byte", shellJob("a\0b"), "NUL"],
  ["a command one byte too large", shellJob("x".repeat(MAX_ARGUMENT_BYTES + 1)), "131072 bytes"],
  ["a command too large in UTF-8", shellJob("漢".repeat(43_691)), "131073 bytes"],
  ["no program", { task: { kind: "argv", argv: [] } }, "empty"],
  ["an empty program", { task: { kind: "argv", argv: ["", "x"] } }, "empty"],
  ["an argument with a NUL byte", { task: { kind: "argv", argv: ["a", "\0"] } }, "NUL"],
  ["a function without a name", { task: { kind: "function", name: "", payload: null } }, "empty"],
  ["a name with a NUL byte", shellJob("true", { name: "\0" }), "NUL"],
  ["a directory with a NUL byte", shellJob("true", { cwd: "\0" }), "NUL"],
  ["a variable without a name", shellJob("true", { env: { "": "x" } }), "name of an environment variable"],
  ["a variable's name with =", shellJob("true", { env: { "A=B": "x" } }), '"A=B"'],
  ["a variable's name with a NUL byte", shellJob("true", { env: { "A\0": "x" } }), '"A\\0"'],
  ["a variable with a NUL byte", shellJob("true", { env: { A: "\0" } }), "variable A"],
  ["a variable too large", shellJob("true", { env: { A: "x".repeat(MAX_ARGUMENT_BYTES) } }), "variable A"],
  ["maxAttempts of 0", shellJob("true", { maxAttempts: 0 }), "maxAttempts is 0"],
  ["maxAttempts of 1.5", shellJob("true", { maxAttempts: 1.5 }), "maxAttempts is 1.5"],
  ["a timeout of 0", shellJob("true", { timeoutMs: 0 }), "timeoutMs is 0"],
  ["a negative delay", shellJob("true", { delayMs: -1 }), "delayMs is -1"],
  ["a retry delay that is no number", shellJob("true", { retryDelayMs: NaN }), "retryDelayMs is NaN"],
];

for (const [what, job, word] of REFUSED) {
  test(`assertRunnable() refuses ${what}`, () => {
    const error = assertThrows(() => assertRunnable(job), UsageError);
    assert(error.message.includes(word), error.message);
  });
}

test("assertRunnable() does not show the value of a variable", () => {
  const error = assertThrows(
    () => assertRunnable(shellJob("true", { env: { KEY: "s3cret\0" } })),
    UsageError,
  );
  assert(!`${error.message} ${error.hint}`.includes("s3cret"));
});

test("describeTask() shows each kind of task", () => {
  assertEquals(describeTask({ kind: "shell", command: "echo hi" }), "echo hi");
  assertEquals(describeTask({ kind: "argv", argv: ["echo", "a b"] }), "echo a b");
  assertEquals(describeTask({ kind: "function", name: "f", payload: { a: 1 } }), 'f({"a":1})');
});

test("describeTask() turns control characters and line ends into blanks", () => {
  const command = " echo \u001b[31m\r\n\u0007x\u009b2J\u0000 ";
  assertEquals(describeTask({ kind: "shell", command }), "echo  [31m x 2J");
});

test("describeTask() cuts at the limit, with a sign of it", () => {
  assertEquals(describeTask({ kind: "shell", command: "abcdefgh" }, 5), "abcd…");
  assertEquals(describeTask({ kind: "shell", command: "abcde" }, 5), "abcde");
});
