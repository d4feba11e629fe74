import { readBusSas } from "../../../src/backends/service_bus/bus_sas.ts";
import { AccessDeniedError, UsageError } from "../../../src/core/errors.ts";
import { assertEquals, assertMatch, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { assertKeepsSecrets, SECRETS } from "../azure/no_secret.ts";

const now = Date.UTC(2026, 10, 23, 12);
const context = { namespace: "myns", label: "the SAS of --sas", now };
const sig = `sig=${encodeURIComponent(SECRETS.signature)}`;
const sas = (seconds: number) =>
  `sr=sb%3A%2F%2Fmyns.servicebus.windows.net%2Fjobs&${sig}&se=${seconds}&skn=all`;
const GOOD = sas(now / 1000 + 1);

test("a SAS is taken with and without what it begins with", () => {
  const whole = `SharedAccessSignature ${GOOD}`;
  assertEquals(
    [whole, GOOD, `?${GOOD}`, `  ${whole}\n`, `sharedaccesssignature  ${GOOD}`].map((text) =>
      readBusSas(text, context)
    ),
    [whole, whole, whole, whole, whole],
  );
});

test("a SAS whose resource is not encoded is taken", () => {
  const text = `sr=sb://myns.servicebus.windows.net/jobs&${sig}&se=4000000000&skn=all`;
  assertEquals(readBusSas(text, context), `SharedAccessSignature ${text}`);
});

test("a SAS that has ended is refused at once; its end is in seconds", () => {
  const error = assertThrows(() => readBusSas(sas(now / 1000), context), AccessDeniedError);
  assertEquals(
    error.message,
    'Cannot sign in to "myns": the SAS of --sas expired at 2026-11-23T12:00:00.000Z',
  );
  assertKeepsSecrets(error);
});

test("a SAS of a storage account is refused with what is wanted", () => {
  const text = `sv=2024-11-04&ss=q&srt=sco&sp=rwdlacup&se=2027-01-01T00:00:00Z&${sig}`;
  const error = assertThrows(() => readBusSas(text, context), UsageError);
  assertEquals(error.message, 'Cannot sign in to "myns": the SAS of --sas is one of a storage account');
  assertMatch(error.hint ?? "", /one of Service Bus looks like SharedAccessSignature sr=/);
  assertKeepsSecrets(error);
});

const REFUSED: readonly [string, string][] = [
  [SECRETS.key, "is no SAS: it lacks sig="],
  [`${sig}&se=4000000000&skn=all`, "is no SAS: it lacks sr="],
  [`sr=x&${sig}&skn=all`, "is no SAS: it lacks se="],
  [`sr=x&${sig}&se=4000000000`, "is no SAS: it lacks skn="],
  [`sr=x y&${sig}&se=4000000000&skn=all`, "is no SAS: it has spaces or semicolons"],
  [`sr=x&${sig}&se=4000000000&skn=all;EntityPath=y`, "is no SAS: it has spaces or semicolons"],
  [`sr=x&${sig}&se=2027-01-01&skn=all`, "is no SAS of Service Bus: its se= is no number of seconds"],
  [`https://myns.servicebus.windows.net/?${GOOD}`, "is a whole URL"],
];
for (const [index, [text, reason]] of REFUSED.entries()) {
  test(`a SAS that ${reason} is refused and not shown (${index})`, () => {
    const error = assertThrows(() => readBusSas(text, context), UsageError);
    assertEquals(error.message, `Cannot sign in to "myns": the SAS of --sas ${reason}`);
    assertKeepsSecrets(error);
  });
}
