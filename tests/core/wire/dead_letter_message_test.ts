import type { Failure } from "../../../src/core/failure.ts";
import { deadLetterText, readFailure, revivedText } from "../../../src/core/wire/dead_letter_message.ts";
import { decodeTaskMessage } from "../../../src/core/wire/task_message.ts";
import { assertEquals } from "../../support/assert.ts";
import { FAILURE, TIMED_OUT } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { md5 } from "./md5.ts";

const decode = (text: string) => decodeTaskMessage(text, { md5 });

/** A task with these keys at its end. */
function task(numRetries: number, more = ""): string {
  return `{"version": 1, "reply_requested": false, "kwargs": "{}", "num_retries": ${numRetries}, "id": "a"${more}}`;
}

test("a dead letter tells its failure after the task's own keys, in this order", () => {
  assertEquals(
    deadLetterText(decode(task(2, ', "name": "n"')), { ...FAILURE, signal: "SIGKILL" }),
    task(
      2,
      ', "name": "n", "error": "exited with code 3", "failed_at": "2023-11-14T22:13:20.000Z", "worker_id": "w1", ' +
        '"exit_code": 3, "signal": "SIGKILL", "output": "last words", "attempts": 1',
    ),
  );
});

test("a dead letter counts the last attempt, and forgets the deliveries", () => {
  const text = deadLetterText(decode(task(0, ', "attempts": 2, "deliveries": 9, "lost": 4')), TIMED_OUT);
  assertEquals(
    text,
    task(
      0,
      ', "attempts": 3, "error": "it ran longer than its 5 ms", "reason": "timed-out", ' +
        '"failed_at": "2023-11-14T22:13:20.000Z"',
    ),
  );
});

test("a dead letter of a job that failed before has the last failure alone", () => {
  const first = deadLetterText(decode(task(0)), { ...FAILURE, kind: "poison", signal: "SIGSEGV" });
  const second = deadLetterText(decode(first), TIMED_OUT);
  assertEquals(readFailure(decode(second).fields, 0).signal, undefined);
  assertEquals(readFailure(decode(second).fields, 0).kind, "timed-out");
});

for (
  const failure of [
    FAILURE,
    TIMED_OUT,
    { kind: "poison", message: 'it said "no"\n\u001b[31m\ud800', at: 1 },
    { kind: "cancelled", message: "", exitCode: -1, signal: "SIGKILL", output: "", workerId: "", at: 0 },
  ] satisfies Failure[]
) {
  test(`a failure is read as it was written: ${failure.kind}`, () => {
    const { fields } = decode(deadLetterText(decode(task(0)), failure));
    const known = Object.entries(readFailure(fields, 5)).filter(([, value]) => value !== undefined);
    assertEquals(Object.fromEntries(known), { ...failure });
  });
}

test("a dead letter of others has the time at which it came, and no reason", () => {
  const { kind, message, at } = readFailure(decode(task(0)).fields, 5);
  assertEquals([kind, message, at], ["failed", "the reason was not recorded", 5]);
});

test("keys of others that have the names of a failure's are left alone", () => {
  const fields =
    decode(task(0, ', "error": {"a": 1}, "failed_at": "soon", "exit_code": 1.5, "reason": "why"')).fields;
  const { kind, message, at, exitCode } = readFailure(fields, 5);
  assertEquals([kind, message, at, exitCode], ["failed", "the reason was not recorded", 5, undefined]);
});

/** Retries left and attempts of a dead letter, and the retries with which it goes back. */
const REVIVED: readonly [string, string, string][] = [
  ["one that used up its three", task(0, ', "attempts": 3'), task(2)],
  ["one that had retries left", task(2, ', "attempts": 1'), task(2)],
  ["one without retries", task(0, ', "attempts": 1'), task(0)],
  ["one of the Python tool", task(3), task(3)],
  ["one with negative retries", task(-2, ', "attempts": 1'), task(0)],
  ["one that never ran", task(0, ', "attempts": 0'), task(0)],
  ["one with a hostile count", task(1, ', "attempts": -7'), task(0)],
];
for (const [what, dead, revived] of REVIVED) {
  test(`a dead letter goes back with all its attempts: ${what}`, () => {
    assertEquals(revivedText(decode(dead)), revived);
  });
}

test("a dead letter goes back without anything of its failure and its deliveries", () => {
  const before = task(2, ', "name": "n", "unknown": [1.0]');
  const dead = deadLetterText(decode(before), { ...FAILURE, kind: "timed-out", signal: "SIGKILL" });
  const noted = dead.replace(/}$/, ', "deliveries": 4, "lost": 5}');
  assertEquals(revivedText(decode(noted)), before);
});
