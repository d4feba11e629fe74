import { ServiceBusError } from "@azure/service-bus";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { ServiceBusBroker } from "../../support/service_bus_broker/broker.ts";
import { test } from "../../support/testing.ts";
import { SECRETS } from "../azure/no_secret.ts";
import { signSas, withSas } from "./bus_login.ts";
import { outcomeOf, outcomeOfAdmin, outcomeOfDeed } from "./bus_outcome.ts";

const NOT_ALLOWED = "the credentials do not allow it";
const NOT_ACCEPTED = "the service does not accept the credentials";

test("a key without the right to send is refused with that right and its role", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  const connectionString = broker.addKey("reader", ["listen"]);
  const { hint, ...rest } = await outcomeOfDeed(broker, "send", { connectionString });
  assertEquals(rest, { type: "AccessDeniedError", reason: NOT_ALLOWED, is: [] });
  assertEquals(
    hint,
    'give the shared access policy the right Send, or assign the role "Azure Service Bus Data Sender"',
  );
});

test("a key without the right to listen is refused with that right and its role", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  const connectionString = broker.addKey("writer", ["send"]);
  const { type, reason, hint } = await outcomeOfDeed(broker, "receive", { connectionString });
  assertEquals([type, reason], ["AccessDeniedError", NOT_ALLOWED]);
  assertMatch(hint, /the right Listen, or assign the role "Azure Service Bus Data Receiver"$/);
});

for (const deed of ["get", "create"] as const) {
  test(`a key without the right to manage may not ${deed} a queue, and it is said what goes without`, async () => {
    await using broker = await ServiceBusBroker.start({ queues: ["q"] });
    const connectionString = broker.addKey("worker", ["send", "listen"]);
    const { hint, ...rest } = await outcomeOfAdmin(broker, deed, { connectionString });
    assertEquals(rest, { type: "AccessDeniedError", reason: NOT_ALLOWED, is: [] });
    assertMatch(hint, /the right Manage, .*"Azure Service Bus Data Owner"; .* needs Send and Listen only$/);
  });
}

/** A broker's connection string, spoilt. */
const WRONG: readonly [string, (connectionString: string) => string][] = [
  ["a wrong key", (text) => text.replace(/SharedAccessKey=[^;]+/, `SharedAccessKey=${SECRETS.key}`)],
  ["an unknown key's name", (text) => text.replace(/KeyName=[^;]+/, "KeyName=nobody")],
  [
    "a SAS with a wrong signature",
    (text) => withSas(text, signSas(text).replace(/sig=[^&]+/, `sig=${SECRETS.signature}`)),
  ],
];
for (const [what, spoil] of WRONG) {
  test(`${what} is refused, for messages and for queues`, async () => {
    await using broker = await ServiceBusBroker.start({ queues: ["q"] });
    const connectionString = spoil(broker.connectionString);
    for (
      const outcome of [
        await outcomeOfDeed(broker, "send", { connectionString }),
        await outcomeOfDeed(broker, "peek", { connectionString }),
        await outcomeOfAdmin(broker, "get", { connectionString }),
      ]
    ) {
      const { hint, ...rest } = outcome;
      assertEquals(rest, { type: "AccessDeniedError", reason: NOT_ACCEPTED, is: [] });
      assertMatch(hint, /^the key or its name is wrong/);
    }
  });
}

test("a SAS that ended by the service's clock is refused as such", async () => {
  const clock = new ManualClock(Date.now() + 3_600_000);
  await using broker = await ServiceBusBroker.start({ queues: ["q"], clock });
  const connectionString = withSas(broker.connectionString, signSas(broker.connectionString));
  const { type, reason, hint } = await outcomeOfDeed(broker, "send", { connectionString });
  assertEquals([type, reason], ["AccessDeniedError", "the SAS or the token has expired"]);
  assertMatch(hint, /this machine's clock/);
});

/** What the service says, the reason, and what the hint is like. */
const DENIALS: readonly [string, string, RegExp][] = [
  [
    "LocalAuthDisabled: Authorization failed because SAS authentication has been disabled for the namespace.",
    "the namespace takes no keys, nor what is signed with them",
    /az login.*"Azure Service Bus Data Owner"/,
  ],
  ["InvalidIssuer: Token issuer is invalid. TrackingId:1", NOT_ACCEPTED, /tenant/],
  [
    "Ip has been prevented to connect to the endpoint. TrackingId:1",
    "the namespace's network rules do not allow it",
    /firewall/,
  ],
  [
    "Unauthorized access. 'Send' claim(s) are required to perform this operation.",
    NOT_ALLOWED,
    /the right Send,.*Data Sender"/,
  ],
  [
    "Unauthorized access. 'Listen' claim(s) are required to perform this operation.",
    NOT_ALLOWED,
    /the right Listen,.*Data Receiver"/,
  ],
  ["Manage,EntityRead claims required for this operation.", NOT_ALLOWED, /the right Manage,.*Data Owner"/],
  ["", "the service refuses it", /Send, Listen, Manage/],
];
for (const [words, reason, hint] of DENIALS) {
  test(`"${words.slice(0, 30)}" is a denial: ${reason}`, () => {
    const outcome = outcomeOf(new ServiceBusError(words, "UnauthorizedAccess"));
    assertEquals([outcome.type, outcome.reason, outcome.is], ["AccessDeniedError", reason, []]);
    assertMatch(outcome.hint, hint);
  });
}
