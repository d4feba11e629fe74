import { ServiceBusError } from "@azure/service-bus";
import { adminClient } from "../../../src/backends/service_bus/bus_client.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { ServiceBusBroker } from "../../support/service_bus_broker/broker.ts";
import { withClient } from "../../support/service_bus_broker/testing.ts";
import { test } from "../../support/testing.ts";
import { FakeService } from "../azure/fake_service.ts";
import { SECRETS } from "../azure/no_secret.ts";
import { accessBy } from "./bus_login.ts";
import { type Deed, DOUBTFUL, failureOf, outcomeOf, outcomeOfAdmin, outcomeOfDeed } from "./bus_outcome.ts";

/** A broker whose queue "q" has a message. */
async function brokerWithMessage(): Promise<ServiceBusBroker> {
  const broker = await ServiceBusBroker.start({ queues: ["q"] });
  await withClient(
    broker.connectionString,
    (client) => client.createSender("q").sendMessages({ body: "there", messageId: "there" }),
  );
  return broker;
}

/** By what the service refuses with: what the reason is like, and what is true of it. */
const CONDITIONS: readonly [string, string, readonly string[]][] = [
  ["com.microsoft:server-busy", "the service is busy", ["isTransient"]],
  ["com.microsoft:entity-disabled", "the queue is disabled", []],
  ["com.microsoft:message-lock-lost", "the lock of the message is lost", ["isLockLost"]],
  ["com.microsoft:session-lock-lost", "the lock of the message is lost", ["isLockLost"]],
  ["com.microsoft:store-lock-lost", "the lock of the message is lost", ["isLockLost"]],
  ["amqp:link:stolen", "the lock of the message is lost", ["isLockLost"]],
  ["amqp:resource-deleted", "there is no such queue", ["isQueueMissing"]],
  ["amqp:not-found", "the service did not find it: A test wants it", ["isTransient"]],
  ["amqp:resource-limit-exceeded", "a limit of the service is reached: A test wants it", []],
  ["amqp:unauthorized-access", "the service refuses it: A test wants it", []],
  ["amqp:link:detach-forced", "the service closed the connection", DOUBTFUL],
  ["amqp:connection:forced", "the service closed the connection", DOUBTFUL],
  ["com.microsoft:timeout", "no answer came in time", DOUBTFUL],
  [
    "amqp:internal-error",
    "the service answered InternalServerError: A test wants it",
    ["isTransient", "mayBeDone"],
  ],
  [
    "com.microsoft:operation-cancelled",
    "the service answered OperationCancelledError: A test wants it",
    ["isTransient", "mayBeDone"],
  ],
  ["made:up", "the service answered: A test wants it", ["isTransient", "mayBeDone"]],
  ["amqp:not-allowed", "the service answered InvalidOperationError: A test wants it", []],
  ["com.microsoft:argument-error", "the service answered ArgumentError: A test wants it", []],
  ["com.microsoft:message-not-found", "the service answered MessageNotFound: A test wants it", []],
];
/** Where it refuses, and what is done there. */
const PLACES: readonly ["authorize" | "attach" | "transfer" | "disposition" | "management", Deed][] = [
  ["authorize", "send"],
  ["attach", "receive"],
  ["transfer", "send"],
  ["disposition", "settle"],
  ["management", "schedule"],
];
for (const [condition, reason, is] of CONDITIONS) {
  test(`${condition} is ${is.length > 0 ? is.join(", ") : "a failure that stays"}, wherever it comes`, async () => {
    await using broker = await brokerWithMessage();
    for (const [at, deed] of PLACES) {
      broker.fault({ kind: "refuse", condition }, { at, queue: at === "authorize" ? undefined : "q" });
      const outcome = await outcomeOfDeed(broker, deed);
      assertEquals([at, outcome.reason, outcome.is], [at, reason, is]);
    }
  });
}

/** The same code, as the SDK's AMQP library calls it and as its own errors do. */
const NAMES = [
  ["MessagingEntityNotFoundError", "MessagingEntityNotFound"],
  ["MessagingEntityDisabledError", "MessagingEntityDisabled"],
  ["MessagingEntityAlreadyExistsError", "MessagingEntityAlreadyExists"],
  ["MessageLockLostError", "MessageLockLost"],
  ["SessionLockLostError", "SessionLockLost"],
  ["MessageNotFoundError", "MessageNotFound"],
  ["MessageTooLargeError", "MessageSizeExceeded"],
  ["QuotaExceededError", "QuotaExceeded"],
  ["ServerBusyError", "ServiceBusy"],
  ["OperationTimeoutError", "ServiceTimeout"],
  ["ServiceUnavailableError", "ServiceTimeout"],
  ["ServiceCommunicationError", "ServiceCommunicationProblem"],
  ["UnauthorizedError", "UnauthorizedAccess"],
] as const;
for (const [raw, code] of NAMES) {
  test(`${raw} means the same as ${code}`, () => {
    const thrown = Object.assign(new Error("Said."), { name: "MessagingError", code: raw });
    assertEquals(outcomeOf(thrown), outcomeOf(new ServiceBusError("Said.", code)));
  });
}

/** By the status of an answer of `$management` that says nothing else: the SDK guesses a condition from it. */
const UNNAMED: readonly [number, string, readonly string[]][] = [
  [401, "AccessDeniedError", []],
  [410, "BackendError", ["isLockLost"]],
  [500, "BackendError", ["isTransient", "mayBeDone"]],
  [503, "BackendError", ["isTransient"]],
];
for (const [status, type, is] of UNNAMED) {
  test(`an answer ${status} without a condition is read by that`, async () => {
    await using broker = await ServiceBusBroker.start({ queues: ["q"] });
    broker.fault({ kind: "refuse", condition: "", status }, { at: "management" });
    const outcome = await outcomeOfDeed(broker, "schedule");
    assertEquals([outcome.type, outcome.is], [type, is]);
  });
}

/** By the status of an answer over HTTP. */
const STATUSES: readonly [number, string, string, readonly string[]][] = [
  [400, "BackendError", "the service answered 400: A test wants it", []],
  [401, "AccessDeniedError", "the credentials do not allow it", []],
  [403, "AccessDeniedError", "the credentials do not allow it", []],
  [404, "QueueNotFoundError", "there is no such queue", ["isQueueMissing"]],
  [408, "BackendError", "the service answered 408", ["isTransient", "mayBeDone"]],
  [429, "BackendError", "the service is busy", ["isTransient"]],
  [500, "BackendError", "the service answered 500", ["isTransient", "mayBeDone"]],
  [502, "BackendError", "the service answered 502", ["isTransient", "mayBeDone"]],
  [503, "BackendError", "the service is busy", ["isTransient", "mayBeDone"]],
  [504, "BackendError", "the service answered 504", ["isTransient", "mayBeDone"]],
];
for (const [status, type, reason, is] of STATUSES) {
  test(`an answer ${status} to what makes a queue is a ${type}: ${reason}`, async () => {
    await using broker = await ServiceBusBroker.start();
    broker.fault({ kind: "refuse", condition: "made:up", status }, { at: "http" });
    const { hint, ...rest } = await outcomeOfAdmin(broker, "create", { name: "new" });
    assertEquals(rest, { type, reason, is });
    if (type === "AccessDeniedError") assertMatch(hint, /the right Manage/);
  });
}

test("an answer that means nothing does not pass", async () => {
  await using service = new FakeService(() => new Response("<html>hello</html>"));
  const connectionString = `Endpoint=sb://localhost:${
    new URL(service.url).port
  };SharedAccessKeyName=all;SharedAccessKey=${SECRETS.key};UseDevelopmentEmulator=true`;
  const thrown = await failureOf(adminClient(accessBy(connectionString)).getQueue("q"));
  const { type, reason, is } = outcomeOf(thrown);
  assertEquals([type, is], ["BackendError", []]);
  assertMatch(reason, /^the service answered 200: /);
});

test("a conflict with another change to the queue passes, and a quota does not", () => {
  const answer = (statusCode: number, code: string, message: string) =>
    outcomeOf(Object.assign(new Error(message), { name: "RestError", statusCode, code }));
  assertEquals(
    answer(409, "ServiceError", "SubCode=40901. Another conflicting operation is in progress.").is,
    [
      "isTransient",
    ],
  );
  const quota = answer(
    403,
    "QuotaExceededError",
    "SubCode=40300. The maximum number of queues has been reached.",
  );
  assertEquals([quota.type, quota.is], ["BackendError", []]);
});
