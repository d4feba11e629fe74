import { ServiceBusError } from "@azure/service-bus";
import { adminClient } from "../../../src/backends/service_bus/bus_client.ts";
import { mayBeDone, translateBusError } from "../../../src/backends/service_bus/bus_errors.ts";
import { AccessDeniedError, LeaseLostError, UsageError } from "../../../src/core/errors.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { ServiceBusBroker } from "../../support/service_bus_broker/broker.ts";
import { withClient } from "../../support/service_bus_broker/testing.ts";
import { test } from "../../support/testing.ts";
import { SECRETS } from "../azure/no_secret.ts";
import { failureOf, outcomeOf, outcomeOfAdmin, outcomeOfDeed } from "./bus_outcome.ts";

test("a queue that is not there is told from others, for messages and for queues", async () => {
  await using broker = await ServiceBusBroker.start();
  const missing = {
    type: "QueueNotFoundError",
    reason: "there is no such queue",
    hint: "",
    is: ["isQueueMissing"],
  };
  assertEquals(await outcomeOfDeed(broker, "send"), missing);
  assertEquals(await outcomeOfDeed(broker, "peek"), missing);
  assertEquals(await outcomeOfAdmin(broker, "get"), missing);
});

test("a lock that is gone is told from other failures", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  await withClient(
    broker.connectionString,
    (client) => client.createSender("q").sendMessages({ body: "there" }),
  );
  assertEquals(await outcomeOfDeed(broker, "settle again"), {
    type: "BackendError",
    reason: "the lock of the message is lost",
    hint: "",
    is: ["isLockLost"],
  });
});

test("a message that is too large is its sender's fault", async () => {
  await using broker = await ServiceBusBroker.start({ queues: { q: { maxMessageBytes: 10 } } });
  const { hint, ...rest } = await outcomeOfDeed(broker, "send");
  assertEquals(rest, { type: "UsageError", reason: "it is too large", is: ["isTooLarge"] });
  assertMatch(hint, /256 KiB/);
});

test("a full queue does not pass by itself", async () => {
  await using broker = await ServiceBusBroker.start({ queues: { q: { maxSizeBytes: 1 } } });
  const { hint, ...rest } = await outcomeOfDeed(broker, "send");
  assertEquals(rest, { type: "BackendError", reason: "the queue is full", is: [] });
  assertMatch(hint, /jobq dead purge/);
});

test("a queue that is there is not made again", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  assertEquals(await outcomeOfAdmin(broker, "create"), {
    type: "BackendError",
    reason: "the service answered 409: The queue 'q' exists already",
    hint: "",
    is: [],
  });
});

test("a disabled queue and one with sessions say what to do", () => {
  const disabled = outcomeOf(new ServiceBusError("Off.", "MessagingEntityDisabled"));
  assertMatch(disabled.hint, /status Active/);
  const message = "InvalidOperationError: An entity that requires sessions cannot be read like this.";
  const sessions = outcomeOf(new ServiceBusError(message, "GeneralError"));
  assertEquals(sessions.reason, "the queue is one with sessions");
  assertMatch(sessions.hint, /without sessions/);
});

test("of several tries the last tells why, and each that it may be done", () => {
  const busy = new ServiceBusError("Busy.", "ServiceBusy");
  const late = new ServiceBusError("Late.", "ServiceTimeout");
  const [first, last] = [[late, busy], [busy, late]].map((errors) => new AggregateError(errors));
  const errors = [first, last].map((thrown) => translateBusError(thrown, { action: "use", name: "q" }));
  assertEquals(
    errors.map((error) => [error.message, mayBeDone(error)]),
    [['Cannot use "q": the service is busy', true], ['Cannot use "q": no answer came in time', true]],
  );
});

test("the SDK's complaints about its caller do not pass", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  const thrown = await withClient(
    broker.connectionString,
    (client) =>
      failureOf(client.createSender("q").sendMessages({ body: "hello", messageId: "i".repeat(200) })),
  );
  const { type, is } = outcomeOf(thrown);
  assertEquals([type, is], ["BackendError", []]);
});

test("errors of jobq itself pass through, and nothing of the SDK is true of them", () => {
  for (const error of [new LeaseLostError("job"), new AccessDeniedError("no"), new UsageError("no")]) {
    assertEquals(translateBusError(error, { action: "use", name: "q" }), error);
    assertEquals(outcomeOf(error).is, []);
  }
});

test("a sign-in that fails comes through the SDK as it is", async () => {
  const denied = new AccessDeniedError('Cannot sign in to "myns": no token');
  const access = {
    host: "myns.servicebus.windows.net",
    transport: undefined,
    isEmulator: false,
    login: { kind: "token", credential: { getToken: () => Promise.reject(denied) } },
    label: "a test's",
  } as const;
  const thrown = await failureOf(adminClient(access).getQueue("q"));
  assertEquals(translateBusError(thrown, { action: "use", name: "q" }), denied);
});

test("what is no error at all is told as it is, without secrets", () => {
  assertEquals(outcomeOf(`no ${SECRETS.token}`).reason, "no ***");
  assertEquals(outcomeOf(undefined).is, []);
});
