import { firstLine, redact } from "../../../src/backends/azure/redact.ts";
import { assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { assertNoSecret, SECRETS } from "./no_secret.ts";

const { key, signature, token } = SECRETS;

const TEXTS: readonly [string, string, string][] = [
  [
    "a URL's query",
    `GET https://acct.queue.core.windows.net/jobs?sv=1&sig=${signature} failed`,
    "GET https://acct.queue.core.windows.net/jobs failed",
  ],
  ["a key", `AccountName=acct;AccountKey=${key};more`, "AccountName=acct;AccountKey=***;more"],
  ["a bare key", `the key ${key} is bad`, "the key *** is bad"],
  ["a token", `Bearer ${token} is bad`, "Bearer *** is bad"],
  ["a field of a form", "client_id=app&client_secret=short&x=1", "client_id=app&client_secret=***&x=1"],
  [
    "a field of JSON",
    '{"access_token":"short","password": "short"}',
    '{"access_token":"***","password": "***"}',
  ],
];
for (const [what, text, expected] of TEXTS) {
  test(`${what} is taken out`, () => {
    assertEquals(redact(text), expected);
    assertNoSecret(redact(text));
  });
}

test("what helps stays", () => {
  const text =
    "AADSTS700016: Application '11111111-2222-3333-4444-555555555555' was not found in 'contoso.onmicrosoft.com'";
  assertEquals(redact(text), text);
});

test("the first line is that of text, short, and without its stop", () => {
  assertEquals(firstLine("\r\n  No luck.\r\nTrace ID: 1"), "No luck");
  assertEquals(firstLine("word ".repeat(100)).length, 200);
  assertEquals(firstLine(""), "");
});
