import { decodeError, encodeError, type WireError } from "../../../src/backends/ssh/remote_errors.ts";
import {
  AccessDeniedError,
  BackendError,
  CycleError,
  type JobqError,
  JobRefusedError,
  LeaseLostError,
  PartialPushError,
  QueueNotFoundError,
  UnsupportedError,
  UsageError,
} from "../../../src/core/errors.ts";
import { assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

const HINT = { hint: "do this" };

const ERRORS: readonly JobqError[] = [
  new UsageError("m", HINT),
  new JobRefusedError(7, new UsageError("m", HINT)),
  new CycleError([3, 1]),
  new UnsupportedError("m", HINT),
  new QueueNotFoundError("m", HINT),
  new AccessDeniedError("m", HINT),
  new BackendError("m", { ...HINT, transient: true, mayBeDone: true }),
  new LeaseLostError("12-abc"),
  new PartialPushError(["a", undefined], [{ index: 1, error: new BackendError("m", { transient: true }) }]),
];
for (const error of ERRORS) {
  test(`a ${error.name} comes back as it was`, () => {
    const wire = JSON.parse(JSON.stringify(encodeError(error))) as WireError;
    const found = decodeError(wire);
    assertEquals(found.constructor, error.constructor);
    assertEquals(fieldsOf(found), fieldsOf(error));
  });
}

test("what jobq did not raise on purpose is a BackendError that says so", () => {
  const error = decodeError(encodeError(new TypeError("x is undefined")));
  assertEquals([error.constructor, error.message], [
    BackendError,
    "the jobq on the other side failed: x is undefined",
  ]);
});

test("an error of a kind that is not known here is a BackendError", () => {
  const error = decodeError({ kind: "toString", message: "m" } as unknown as WireError);
  assertEquals([error.constructor, error.message], [BackendError, "m"]);
});

function fieldsOf({ message, hint, exitCode, ...rest }: JobqError): unknown {
  return JSON.parse(JSON.stringify({ message, hint, exitCode, ...rest, cause: undefined }));
}
