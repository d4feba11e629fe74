import { readSas } from "../../../src/backends/azure/sas.ts";
import { AccessDeniedError, UsageError } from "../../../src/core/errors.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { assertKeepsSecrets, SECRETS } from "./no_secret.ts";

const now = Date.UTC(2026, 10, 23, 12);
const context = { account: "acct", label: "the SAS of --sas", now };
const sig = `sig=${encodeURIComponent(SECRETS.signature)}`;

test("a SAS is taken with and without its question mark", () => {
  const sas = `sv=2024-11-04&se=2026-11-23T12:00:01Z&${sig}`;
  assertEquals([sas, `?${sas}`, `${sas}\n`].map((text) => readSas(text, context)), [sas, sas, sas]);
});

test("a SAS without an end, as one of an access policy, is taken", () => {
  assertEquals(readSas(`si=policy&${sig}`, context), `si=policy&${sig}`);
});

const ENDED: readonly [string, string][] = [
  ["2026-11-23T12:00:00Z", "2026-11-23T12:00:00.000Z"],
  ["2026-11-23T11%3A59%3A59Z", "2026-11-23T11:59:59.000Z"],
  ["2026-11-23T11:59Z", "2026-11-23T11:59:00.000Z"],
  ["2026-11-23", "2026-11-23T00:00:00.000Z"],
];
for (const [end, shown] of ENDED) {
  test(`a SAS that ended at ${end} is refused at once`, () => {
    const error = assertThrows(() => readSas(`se=${end}&${sig}`, context), AccessDeniedError);
    assertEquals(error.message, `Cannot sign in to "acct": the SAS of --sas expired at ${shown}`);
    assertKeepsSecrets(error);
  });
}

test("a SAS that begins later is refused, but for the difference of clocks", () => {
  const soon = `st=2026-11-23T12:14:00Z&${sig}`;
  assertEquals(readSas(soon, context), soon);
  const error = assertThrows(() => readSas(`st=2026-11-23T13:00:00Z&${sig}`, context), AccessDeniedError);
  assertEquals(
    error.message,
    'Cannot sign in to "acct": the SAS of --sas is valid only from 2026-11-23T13:00:00.000Z',
  );
});

test("what is no SAS is refused and not shown", () => {
  for (const text of ["sv=2024-11-04", SECRETS.key, `sv=1 &${sig}`]) {
    const error = assertThrows(() => readSas(text, context), UsageError);
    assertEquals(error.message, 'Cannot sign in to "acct": the SAS of --sas is no SAS: it lacks sig=');
    assertKeepsSecrets(error);
  }
});

test("a whole URL is refused as a SAS", () => {
  const url = `https://acct.queue.core.windows.net/?sv=1&${sig}`;
  const error = assertThrows(() => readSas(url, context), UsageError);
  assertEquals(error.message, 'Cannot sign in to "acct": the SAS of --sas is a whole URL');
  assertKeepsSecrets(error);
});
