import { parseJobLine } from "../../src/cli/job_line.ts";
import { UsageError } from "../../src/core/errors.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const refusal = (line: string) => assertThrows(() => parseJobLine(line, { job: {} }), UsageError);

test("a line is a command for the shell, with its blanks", () => {
  assertEquals(parseJobLine("  echo 'a  b' # c ", { job: {} }).task, {
    kind: "shell",
    command: "  echo 'a  b' # c ",
  });
});

test("a JSON line says all that a job can be", () => {
  const line = {
    cmd: "echo $A",
    env: { A: "1" },
    cwd: "/tmp",
    name: "first",
    num_retries: 2,
    retry_delay: "5s",
    timeout: "1h30m",
    delay: 10,
    priority: -3,
    key: "k",
    after: ["a", "b:any,c:failed"],
    if_exists: "replace",
    bg_dirsync_to: "there",
    bg_dirsync_create: true,
    gate_cmd: "test -e /a",
  };
  const text = JSON.stringify(line);
  assertEquals(parseJobLine(text, { job: {} }), {
    task: { kind: "shell", command: "echo $A" },
    env: { A: "1" },
    cwd: "/tmp",
    name: "first",
    maxAttempts: 3,
    retryDelayMs: 5_000,
    timeoutMs: 5_400_000,
    delayMs: 10_000,
    priority: -3,
    key: "k",
    after: [{ key: "a", when: undefined }, { key: "b", when: "any" }, { key: "c", when: "failed" }],
    ifExists: "replace",
    bgDirsyncTo: "there",
    bgDirsyncCreate: true,
    gateCmd: "test -e /a",
    jsonLine: text,
  });
});

test("a JSON line may be indented", () => {
  assertEquals(parseJobLine('\t {"cmd":"x"}', { job: {} }).task, { kind: "shell", command: "x" });
});

test("an array as cmd is a program and its arguments", () => {
  assertEquals(parseJobLine('{"cmd":["echo","$HOME"]}', { job: {} }).task, {
    kind: "argv",
    argv: ["echo", "$HOME"],
  });
});

test("what a JSON line does not say comes from the command line", () => {
  const defaults = { name: "n", cwd: "/d", maxAttempts: 4, timeoutMs: 1, retryDelayMs: 2, delayMs: 3 };
  assertEquals(parseJobLine('{"cmd":"x","name":"own"}', { job: defaults }), {
    ...defaults,
    name: "own",
    task: { kind: "shell", command: "x" },
    env: {},
    jsonLine: '{"cmd":"x","name":"own"}',
  });
});

test("null as bg_dirsync_to is none, whatever the command line says", () => {
  const defaults = { job: { bgDirsyncTo: "there" } };
  const told = ['{"cmd":"x"}', '{"cmd":"x","bg_dirsync_to":null}', "x"];
  assertEquals(told.map((line) => parseJobLine(line, defaults).bgDirsyncTo), ["there", undefined, "there"]);
});

test("a number in the environment is its text", () => {
  const line = '{"cmd":"x","env":{"SEED":1,"RATE":0.50}}';
  assertEquals(parseJobLine(line, { job: {} }).env, { SEED: "1", RATE: "0.5" });
});

test("of the environment, the variables of the command line win", () => {
  const line = '{"cmd":"x","env":{"A":"line","B":"line"}}';
  assertEquals(parseJobLine(line, { job: { env: { B: "option", C: "option" } } }).env, {
    A: "line",
    B: "option",
    C: "option",
  });
});

test("what is to be done if a key exists is said of lines with a key only", () => {
  const defaults = { job: {}, ifExists: "skip" } as const;
  const told = ["x", '{"cmd":"x"}', '{"cmd":"x","key":"k"}', '{"cmd":"x","key":"k","if_exists":"error"}'];
  assertEquals(told.map((line) => parseJobLine(line, defaults).ifExists), [
    undefined,
    undefined,
    "skip",
    "error",
  ]);
});

const WRONG: Readonly<Record<string, RegExp>> = {
  '{"cmd":"x"': /not valid JSON/,
  "{}": /no "cmd"/,
  '{"name":"x"}': /no "cmd"/,
  '{"cmd":null}': /"cmd" is neither a text nor an array of texts/,
  '{"cmd":["x",1]}': /"cmd" is neither a text nor an array of texts/,
  '{"cmd":"x","env":[]}': /"env" is not an object of texts/,
  '{"cmd":"x","env":{"A":true}}': /"env" is not an object of texts/,
  '{"cmd":"x","env":{"A":[1]}}': /"env" is not an object of texts/,
  '{"cmd":"x","cwd":1}': /"cwd" is not a text/,
  '{"cmd":"x","name":null}': /"name" is not a text/,
  '{"cmd":"x","num_retries":"1"}': /"num_retries" is not a whole number of at least 0/,
  '{"cmd":"x","num_retries":-1}': /"num_retries" is not a whole number of at least 0/,
  '{"cmd":"x","timeout":true}': /"timeout" is not a duration/,
  '{"cmd":"x","timeout":"soon"}': /"soon" is not a duration/,
  '{"cmd":"x","delay":-1}': /"-1" is not a duration/,
  '{"cmd":"x","bg_dirsync_to":1}': /"bg_dirsync_to" is not a text/,
  '{"cmd":"x","__proto__":{}}': /"__proto__" is not a key of a job/,
};
for (const [line, reason] of Object.entries(WRONG)) {
  test(`the line ${line} is refused`, () => {
    assertMatch(refusal(line).message, reason);
  });
}

test("an unknown key is refused with the list of the known ones", () => {
  const { message, hint } = refusal('{"cmd":"x","comand":"y"}');
  assertEquals(message, '"comand" is not a key of a job');
  assertEquals(
    hint,
    "the keys are cmd, env, cwd, name, num_retries, retry_delay, timeout, delay, priority, key, after, if_exists, bg_dirsync_to, bg_dirsync_create, gate_cmd",
  );
});

for (const line of ['{"env":{"TOKEN":"hunter2"},x}', "{hunter2", '{"TOKEN":hunter2}']) {
  test(`the error about ${line} shows nothing of the line`, () => {
    const { message, hint = "" } = refusal(line);
    assertMatch(message, /not valid JSON/);
    assert(!/hunter2|TOKEN/.test(message + hint), message);
  });
}
