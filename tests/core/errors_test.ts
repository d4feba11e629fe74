import {
  AccessDeniedError,
  BackendError,
  errorMessage,
  isTransient,
  LeaseLostError,
  QueueNotFoundError,
  UnsupportedError,
  UsageError,
} from "../../src/core/errors.ts";
import { EXIT } from "../../src/core/exit_code.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const EXIT_CODES = [
  [new UsageError("x"), 2],
  [new UnsupportedError("x"), 2],
  [new QueueNotFoundError("x"), 3],
  [new AccessDeniedError("x"), 4],
  [new BackendError("x"), 5],
  [new LeaseLostError("1-a"), 5],
] as const;

for (const [error, code] of EXIT_CODES) {
  test(`${error.constructor.name} exits with ${code} and knows its name`, () => {
    assertEquals([error.exitCode, error.name], [code, error.constructor.name]);
  });
}

test("the exit codes are the ones of the README", () => {
  assertEquals(Object.values(EXIT), [0, 1, 2, 3, 4, 5, 6, 124, 129, 130, 143]);
});

test("an error keeps its hint and its cause", () => {
  const cause = new Error("deep");
  const error = new UsageError("x", { hint: "do y", cause });
  assert(error.hint === "do y" && error.cause === cause);
});

test("an error without a cause has none", () => assert(!("cause" in new UsageError("x"))));

test("LeaseLostError names the job", () => assert(new LeaseLostError("17-abc").message.includes("17-abc")));

test("only a BackendError that says so is transient", () => {
  const errors = [
    new BackendError("x", { transient: true }),
    new BackendError("x"),
    new UsageError("x"),
    "x",
    null,
  ];
  assertEquals(errors.map(isTransient), [true, false, false, false, false]);
});

test("errorMessage() answers the message of anything", () => {
  assertEquals([new Error("a"), "b", 3, undefined].map(errorMessage), ["a", "b", "3", "undefined"]);
});
