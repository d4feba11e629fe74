import {
  errorCodeOf,
  isLeaseGone,
  isQueueMissing,
  mayBeDone,
  translateStorageError,
} from "../../../src/backends/azure/storage_errors.ts";
import { AccessDeniedError, isTransient, JobqError, LeaseLostError } from "../../../src/core/errors.ts";
import { AuthenticationError, CredentialUnavailableError } from "@azure/identity";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { FakeService, refusal } from "./fake_service.ts";
import { assertKeepsSecrets, SECRETS } from "./no_secret.ts";
import { failureOfPush } from "./pusher.ts";
import { REFUSALS } from "./refusals.ts";

const ACTION = { action: "push to", name: "acct/jobs" };

for (const { status, code, type, reason, hint, transient = false, ambiguous = false } of REFUSALS) {
  test(`an answer ${status} ${code} is ${transient ? "a passing" : "a"} ${type.name}`, async () => {
    await using service = new FakeService(() =>
      code ? refusal(status, code) : new Response("<html>", { status })
    );
    const thrown = await failureOfPush(service.url);
    const error = translateStorageError(thrown, ACTION);
    assert(error instanceof type, `it is ${error}`);
    assertEquals(error.message, `Cannot push to "acct/jobs": ${reason}`);
    assertMatch(error.hint ?? "", hint ?? /^$/);
    assertEquals([isTransient(error), mayBeDone(thrown), mayBeDone(error)], [
      transient,
      ambiguous,
      ambiguous,
    ]);
    assertKeepsSecrets(error);
    assertEquals(service.asked.length, 1);
  });
}

test("the blob service's role is named where blobs are meant", async () => {
  await using service = new FakeService(() => refusal(403, "AuthorizationPermissionMismatch"));
  const error = translateStorageError(await failureOfPush(service.url), { ...ACTION, service: "blob" });
  assertMatch((error as JobqError).hint ?? "", /"Storage Blob Data Contributor"/);
});

test("the identity SDK's own errors are denials", () => {
  const errors = [
    new CredentialUnavailableError(`No luck with ${SECRETS.token}.\nMore`),
    new AuthenticationError(400, { error: "invalid_request", error_description: "AADSTS1: no" }),
  ].map((error) => translateStorageError(error, ACTION));
  assertEquals(errors.map(({ message }) => message), [
    'Cannot push to "acct/jobs": No luck with ***',
    'Cannot push to "acct/jobs": invalid_request Status code: 400',
  ]);
  for (const error of errors) {
    assert(error instanceof AccessDeniedError);
    assertKeepsSecrets(error);
  }
});

test("errors of jobq itself pass through", () => {
  const error = new LeaseLostError("job");
  assertEquals(translateStorageError(error, ACTION), error);
});

/** Which of the service's refusals these two functions are true for; of what was thrown, and of its translation. */
async function codesWith(judge: (error: unknown) => boolean): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { status, code } of REFUSALS) {
    await using service = new FakeService(() => refusal(status, code));
    const thrown = await failureOfPush(service.url);
    const translated = translateStorageError(thrown, ACTION);
    assertEquals(judge(thrown), judge(translated));
    if (judge(thrown)) found.push(`${status} ${code}`);
  }
  return found;
}

test("a lease is gone with its message or its pop receipt", async () => {
  assertEquals(await codesWith(isLeaseGone), ["400 PopReceiptMismatch", "404 MessageNotFound"]);
});

test("a queue is missing where the service says so", async () => {
  assertEquals(await codesWith(isQueueMissing), ["404 QueueNotFound"]);
});

test("the code is the service's, before and after the translation", async () => {
  await using service = new FakeService(() => refusal(409, "QueueDisabled"));
  const thrown = await failureOfPush(service.url);
  assertEquals([errorCodeOf(thrown), errorCodeOf(translateStorageError(thrown, ACTION))], [
    "QueueDisabled",
    "QueueDisabled",
  ]);
});

test("a missing queue is known by the header, where there is no text", async () => {
  await using service = new FakeService(() =>
    new Response(null, { status: 404, headers: { "x-ms-error-code": "QueueNotFound" } })
  );
  assert(isQueueMissing(await failureOfPush(service.url)));
});

test("the code is read from the header, where the SDK did not read it", () => {
  const headers = new Headers({ "x-ms-error-code": "BlobNotFound" });
  assertEquals(
    errorCodeOf(Object.assign(new Error("no"), { statusCode: 404, response: { headers } })),
    "BlobNotFound",
  );
});

test("what is no error of an SDK has no code", () => {
  assertEquals([undefined, null, "text", new Error("no")].map(errorCodeOf), [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
