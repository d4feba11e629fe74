import { ServiceBusAdministrationClient } from "@azure/service-bus";
import { assertEquals, assertRejects } from "../assert.ts";
import { test } from "../testing.ts";
import { ServiceBusBroker } from "./broker.ts";
import { Connected, receiveOne } from "./testing.ts";

/** The SDK would speak TLS in any case. */
function adminOf(connectionString: string): ServiceBusAdministrationClient {
  const admin = new ServiceBusAdministrationClient(connectionString, { retryOptions: { maxRetries: 0 } });
  admin.pipeline.addPolicy({
    name: "plain",
    sendRequest(request, next) {
      request.allowInsecureConnection = true;
      request.url = request.url.replace(/^https:/, "http:");
      return next(request);
    },
  }, { afterPhase: "Sign" });
  return admin;
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  const error = await assertRejects(promise, Error);
  return "code" in error ? String(error.code) : undefined;
}

test("a queue is made with its options, told about and deleted", async () => {
  await using broker = await ServiceBusBroker.start();
  const admin = adminOf(broker.connectionString);
  const made = await admin.createQueue("team/jobs", {
    lockDuration: "PT5M",
    maxDeliveryCount: 1000,
    requiresDuplicateDetection: true,
    duplicateDetectionHistoryTimeWindow: "P7D",
    requiresSession: true,
  });
  assertEquals(made.name, "team/jobs");
  const found = await admin.getQueue("team/jobs");
  assertEquals([found.lockDuration, found.maxDeliveryCount, found.requiresSession], ["PT5M", 1000, true]);
  assertEquals([found.requiresDuplicateDetection, found.duplicateDetectionHistoryTimeWindow], [true, "P7D"]);
  const { lockDurationMs, duplicateDetectionMs, defaultTtlMs } = broker.queue("team/jobs").options;
  assertEquals([lockDurationMs, duplicateDetectionMs, defaultTtlMs], [300_000, 604_800_000, Infinity]);
  await admin.deleteQueue("team/jobs");
  assertEquals(await admin.queueExists("team/jobs"), false);
});

test("a queue that exists is not made again, and one that does not is not found", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  const admin = adminOf(broker.connectionString);
  assertEquals(await codeOf(admin.createQueue("Q")), "MessageEntityAlreadyExistsError");
  assertEquals(await codeOf(admin.getQueue("none")), "MessageEntityNotFoundError");
  assertEquals(await codeOf(admin.deleteQueue("none")), "MessageEntityNotFoundError");
  assertEquals(await codeOf(admin.createQueue("long", { lockDuration: "PT6M" })), "ServiceError");
});

test("the queues are listed", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["b", "a", "c"] });
  const names: string[] = [];
  for await (const { name } of adminOf(broker.connectionString).listQueues()) names.push(name);
  assertEquals(names, ["a", "b", "c"]);
});

test("a queue tells how many messages it has of each kind", async () => {
  await using connected = await Connected.start();
  await connected.send("a", "b", "c");
  await connected.client.createSender("q").scheduleMessages({ body: "s" }, new Date(Date.now() + 60_000));
  const receiver = connected.receiver();
  await receiver.deadLetterMessage(await receiveOne(receiver));
  await receiveOne(receiver);
  const found = await adminOf(connected.broker.connectionString).getQueueRuntimeProperties("q");
  assertEquals(
    [found.activeMessageCount, found.deadLetterMessageCount, found.scheduledMessageCount],
    [2, 1, 1],
  );
  assertEquals(found.totalMessageCount, 4);
});

test("a key without the right to manage, and one that is wrong, may not", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  const worker = broker.addKey("worker", ["send", "listen"]);
  assertEquals(await codeOf(adminOf(worker).createQueue("new")), "UnauthorizedRequestError");
  const wrong = broker.connectionString.replace(/SharedAccessKey=[^;]+/, "SharedAccessKey=YWJj");
  assertEquals(await codeOf(adminOf(wrong).getQueue("q")), "UnauthorizedRequestError");
});

test("faults befall management too", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  const admin = adminOf(broker.connectionString);
  broker.fault({ kind: "throttle" }, { at: "http", operation: "GET" });
  assertEquals(await codeOf(admin.getQueue("q")), "ServerBusyError");
  broker.fault({ kind: "cut" }, { at: "http", operation: "PUT", when: "after" });
  await assertRejects(admin.createQueue("new"), Error);
  assertEquals(broker.queue("new").name, "new");
});
