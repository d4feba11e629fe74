import { failedCommands, failedLines } from "../../src/cli/failed_push.ts";
import {
  AccessDeniedError,
  BackendError,
  JobqError,
  PartialPushError,
  type PushFailure,
} from "../../src/core/errors.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const denied = new AccessDeniedError('Cannot push to "a/q": the key is wrong', { hint: "look at the key" });
const unanswered = new BackendError('Cannot push to "a/q": no answer came in time', {
  transient: true,
  mayBeDone: true,
});

/** A push of `count` jobs: these failed, those from `untried` on were not begun, the others were pushed. */
function partial(count: number, failed: readonly number[], { error = denied, untried = count }: {
  error?: JobqError;
  untried?: number;
} = {}): PartialPushError {
  const failures: PushFailure[] = failed.map((index) => ({ index, error }));
  const isPushed = (index: number) => index < untried && !failed.includes(index);
  return new PartialPushError(
    Array.from({ length: count }, (_, index) => isPushed(index) ? `id-${index}` : undefined),
    failures,
  );
}

/** What the user reads, and how the process ends. */
function told(error: unknown): readonly [message: string, hint: string | undefined, exitCode: number] {
  assert(error instanceof JobqError);
  return [error.message, error.hint, error.exitCode];
}

test("of commands it is told how many of how many, which, and why", () => {
  assertEquals(told(failedCommands(partial(9, [2, 6], { untried: 7 }), "a/q")), [
    'Cannot push 4 of 9 jobs to "a/q" (commands 3, 7-9): the key is wrong',
    "push those again; look at the key",
    4,
  ]);
});

test("of a single command among others it is told which", () => {
  assertEquals(
    told(failedCommands(partial(2, [1]), "a/q"))[0],
    'Cannot push 1 of 2 jobs to "a/q" (command 2): the key is wrong',
  );
});

test("of commands that all failed it is told that nothing was pushed", () => {
  assertEquals(told(failedCommands(partial(3, [0, 1], { untried: 2 }), "a/q")), [
    'Cannot push 3 of 3 jobs to "a/q" (commands 1-3): the key is wrong',
    "nothing was pushed; look at the key",
    4,
  ]);
});

test("of commands without an answer it is told that they may have been pushed", () => {
  assertEquals(told(failedCommands(partial(2, [0, 1], { error: unanswered }), "a/q")), [
    'Cannot push 2 of 2 jobs to "a/q" (commands 1-2): no answer came in time',
    "nothing is known to have been pushed; a job whose answer got lost may be on the queue all the same",
    5,
  ]);
});

test("of the only command it is told why, and that it may have been pushed when no answer came", () => {
  assertEquals(told(failedCommands(unanswered, "a/q")), [
    'Cannot push to "a/q": no answer came in time',
    "a job whose answer got lost may be on the queue all the same",
    5,
  ]);
  assertEquals(failedCommands(denied, "a/q"), denied);
});

test("of a push that was refused a connection no doubt is told", () => {
  const refused = new BackendError('Cannot push to "a/q": the connection was refused', { transient: true });
  assertEquals(failedCommands(refused, "a/q"), refused);
});

test("a reason that is not about the push stays whole", () => {
  const error = new BackendError('Cannot sign in to "a": no token');
  assertEquals(
    told(failedCommands(partial(2, [1], { error }), "a/q"))[0],
    'Cannot push 1 of 2 jobs to "a/q" (command 2): Cannot sign in to "a": no token',
  );
});

test("of lines it is told which, how many of those tried, and how to get at the rest", () => {
  const error = partial(20, [1, 4, 5, 6], { untried: 9 });
  const numbers = Array.from({ length: 20 }, (_, index) => index + 4);
  assertEquals(told(failedLines(error, { numbers, pushed: 2, name: "a/q" })), [
    'Cannot push 4 of 11 jobs to "a/q" (lines 5, 8-10 of standard input), nor any after line 12: the key is wrong',
    "the 7 others were pushed; push the rest with sed -n '5p;8,10p;13,$p' FILE; look at the key",
    4,
  ]);
});

test("lines are told by their numbers, which blank lines count for", () => {
  const error = partial(4, [2], { untried: 3 });
  assertEquals(told(failedLines(error, { numbers: [2, 3, 7, 9], pushed: 0, name: "a/q" })), [
    'Cannot push 1 of 3 jobs to "a/q" (line 7 of standard input), nor any after line 7: the key is wrong',
    "the 2 others were pushed; push the rest with sed -n '7,$p' FILE; look at the key",
    4,
  ]);
});

test("of lines of which none was pushed that is told, and no more", () => {
  const error = partial(20, [0, 1, 2], { untried: 3 });
  const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
  assertEquals(told(failedLines(error, { numbers, pushed: 0, name: "a/q" })).slice(0, 2), [
    'Cannot push 3 of 3 jobs to "a/q" (lines 1-3 of standard input), nor any after line 3: the key is wrong',
    "nothing was pushed; look at the key",
  ]);
});
