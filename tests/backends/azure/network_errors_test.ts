import { errorCodeOf, mayBeDone, translateStorageError } from "../../../src/backends/azure/storage_errors.ts";
import { BackendError } from "../../../src/core/errors.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { FakeService } from "./fake_service.ts";
import { assertKeepsSecrets } from "./no_secret.ts";
import { failureOfPush } from "./pusher.ts";
import { RawServer } from "./raw_server.ts";

/** What became of what was thrown: its reason, whether it may pass, whether the call may be done. */
function outcome(thrown: unknown) {
  const error = translateStorageError(thrown, { action: "push to", name: "acct/jobs" });
  assert(error instanceof BackendError, `it is ${error}`);
  assertKeepsSecrets(error);
  const reason = error.message.replace(/^Cannot push to "acct\/jobs": /, "");
  return { reason, transient: error.transient, ambiguous: mayBeDone(thrown), hint: error.hint };
}

const write = (connection: Deno.Conn, text: string) => connection.write(new TextEncoder().encode(text));

test("a refused connection may pass, and nothing was done", async () => {
  let url: string;
  {
    await using server = new RawServer(() => {});
    url = server.url;
  }
  assertEquals(outcome(await failureOfPush(url)), {
    reason: "the connection was refused",
    transient: true,
    ambiguous: false,
    hint: undefined,
  });
});

test("a connection that is cut after the request may pass, and the call may be done", async () => {
  await using server = new RawServer((connection) => connection.close());
  const { reason, transient, ambiguous } = outcome(await failureOfPush(server.url));
  assertEquals([reason, transient, ambiguous], ["the connection was cut", true, true]);
});

test("an answer that is cut off may pass, and the call may be done", async () => {
  await using server = new RawServer(async (connection) => {
    await write(connection, "HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n<x");
    connection.close();
  });
  const { reason, transient, ambiguous } = outcome(await failureOfPush(server.url));
  assertEquals([reason, transient, ambiguous], ["the answer was cut off", true, true]);
});

test("an answer that is no HTTP may pass, and the call may be done", async () => {
  await using server = new RawServer(async (connection) => {
    await write(connection, "garbage\r\n\r\n");
    connection.close();
  });
  const { reason, transient, ambiguous } = outcome(await failureOfPush(server.url));
  assertEquals([reason, transient, ambiguous], ["the answer was no HTTP", true, true]);
});

test("a call that its signal ends may pass, and may be done", async () => {
  await using server = new RawServer(() => {});
  const { reason, transient, ambiguous } = outcome(
    await failureOfPush(server.url, { signal: AbortSignal.timeout(50) }),
  );
  assertEquals([reason, transient, ambiguous], ["no answer came in time", true, true]);
});

test("a host that is not found may pass, and nothing was done", async () => {
  const { reason, transient, ambiguous } = outcome(await failureOfPush("https://no-such-host.invalid"));
  // Where there are no name servers at all, nobody says that the host does not exist.
  assert(["its host was not found", "the name servers do not answer"].includes(reason), reason);
  assertEquals([transient, ambiguous], [true, false]);
});

test("a host that is not found may be a wrong name", () => {
  const thrown = Object.assign(new Error("getaddrinfo ENOTFOUND acct"), { code: "ENOTFOUND" });
  assertMatch(outcome(thrown).hint ?? "", /the name may be wrong/);
});

test("a server that speaks no TLS does not pass", async () => {
  await using service = new FakeService(() => new Response());
  const { reason, transient, hint } = outcome(await failureOfPush(service.url.replace("http:", "https:")));
  assertEquals([reason, transient], ["there is no safe connection (ERR_SSL_WRONG_VERSION_NUMBER)", false]);
  assertMatch(hint ?? "", /NODE_EXTRA_CA_CERTS/);
});

test("an answer that means nothing does not pass", async () => {
  await using service = new FakeService(() => new Response("hello", { status: 200 }));
  const { reason, transient } = outcome(await failureOfPush(service.url));
  assertEquals([reason, transient], ["the service answered 200", false]);
});

const CODES: readonly [string, boolean, boolean][] = [
  ["ENOTFOUND", true, false],
  ["EAI_AGAIN", true, false],
  ["EHOSTUNREACH", true, false],
  ["ENETUNREACH", true, false],
  ["ETIMEDOUT", true, true],
  ["EPIPE", true, true],
  ["REQUEST_SEND_ERROR", true, true],
  ["SELF_SIGNED_CERT_IN_CHAIN", false, false],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", false, false],
  ["CERT_HAS_EXPIRED", false, false],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", false, false],
  ["ENOENT", false, false],
];
for (const [code, transient, ambiguous] of CODES) {
  test(`${code} ${transient ? "may pass" : "does not pass"}, the call ${ambiguous ? "may be" : "is not"} done`, () => {
    const thrown = Object.assign(new Error(`call ${code}`), { name: "RestError", code });
    const found = outcome(thrown);
    assertEquals([found.transient, found.ambiguous, errorCodeOf(thrown)], [transient, ambiguous, code]);
  });
}
