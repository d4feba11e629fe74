import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import { assertEquals } from "../assert.ts";
import { test } from "../testing.ts";
import { ServiceBusBroker } from "./broker.ts";
import { Connected, ids, receiveOne, refusalOf, withClient } from "./testing.ts";

test("peeking shows every message in order, and changes none", async () => {
  await using connected = await Connected.start();
  const sender = connected.client.createSender("q");
  await sender.scheduleMessages({ body: "s", messageId: "s" }, new Date(Date.now() + 60_000));
  await connected.send("a", "b", "c");
  const receiver = connected.receiver();
  await receiver.deferMessage(await receiveOne(receiver));
  await receiveOne(receiver);
  const before = connected.broker.queue("q").all;
  const peeked = await receiver.peekMessages(10);
  assertEquals(peeked.map(({ messageId, state, deliveryCount }) => [messageId, state, deliveryCount]), [
    ["s", "scheduled", 0],
    ["1", "deferred", 1],
    ["2", "active", 0],
    ["3", "active", 0],
  ]);
  assertEquals(await receiver.peekMessages(10), []);
  assertEquals(connected.broker.queue("q").all, before);
});

/** Receives with a receiver that is closed then; its message can only be settled through `$management`. */
async function orphan(connected: Connected): Promise<[ServiceBusReceivedMessage, ServiceBusReceiver]> {
  await connected.send("a");
  const receiver = connected.receiver();
  const message = await receiveOne(receiver);
  await receiver.close();
  const other = connected.receiver();
  await other.peekMessages(1);
  return [message, other];
}

test("a lock outlives its link: another receiver renews and completes", async () => {
  await using connected = await Connected.start();
  const [message, other] = await orphan(connected);
  await other.renewMessageLock(message);
  await other.completeMessage(message);
  assertEquals(connected.broker.queue("q").all, []);
  assertEquals(await refusalOf(other.completeMessage(message)), "MessageLockLost");
});

test("another receiver abandons", async () => {
  await using connected = await Connected.start();
  const [message, other] = await orphan(connected);
  await other.abandonMessage(message, { released: 1 });
  const [again] = connected.broker.queue("q").active;
  assertEquals([again?.deliveryCount, again?.applicationProperties.released], [1, 1]);
});

test("another receiver defers", async () => {
  await using connected = await Connected.start();
  const [message, other] = await orphan(connected);
  await other.deferMessage(message);
  assertEquals(ids(connected.broker.queue("q").deferred), ["1"]);
});

test("another receiver dead-letters", async () => {
  await using connected = await Connected.start();
  const [message, other] = await orphan(connected);
  await other.deadLetterMessage(message, { deadLetterReason: "r", deadLetterErrorDescription: "d" });
  const [dead] = connected.broker.queue("q").dead;
  assertEquals([dead?.deadLetterReason, dead?.deadLetterErrorDescription], ["r", "d"]);
});

test("dead letters are locked and renewed on their own", async () => {
  await using connected = await Connected.start();
  const [message, other] = await orphan(connected);
  await other.deadLetterMessage(message);
  const ofDead = connected.receiver({ subQueueType: "deadLetter" });
  const dead = await receiveOne(ofDead);
  await ofDead.renewMessageLock(dead);
  await ofDead.completeMessage(dead);
  assertEquals(connected.broker.queue("q").dead, []);
});

test("a message that is not deferred can't be received by its number", async () => {
  await using connected = await Connected.start();
  await connected.send("a");
  const receiver = connected.receiver();
  const [peeked] = await receiver.peekMessages(1);
  if (peeked?.sequenceNumber === undefined) throw new Error("nothing was peeked");
  assertEquals(await refusalOf(receiver.receiveDeferredMessages(peeked.sequenceNumber)), "MessageNotFound");
});

test("a message and a queue over their limits are refused, and nothing is kept of them", async () => {
  await using connected = await Connected.start({
    queues: { q: { maxMessageBytes: 10_000, maxSizeBytes: 25_000 } },
  });
  const sender = connected.client.createSender("q");
  const send = (length: number) => sender.sendMessages({ body: new Uint8Array(length), messageId: "m" });
  assertEquals(await refusalOf(send(10_000)), "MessageSizeExceeded");
  await send(9_000);
  await send(9_000);
  assertEquals(await refusalOf(send(9_000)), "QuotaExceeded");
  assertEquals(connected.broker.queue("q").all.length, 2);
});

test("who may only send can schedule and not peek, who may only listen the reverse", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  const outcomes = (right: "send" | "listen") =>
    withClient(broker.addKey(right, [right]), async (client) => {
      const message = { body: "s", messageId: "s" };
      const scheduled = client.createSender("q").scheduleMessages(message, new Date(Date.now() + 60_000));
      return [
        await scheduled.then(() => "done", (error) => error.code),
        await client.createReceiver("q").peekMessages(1).then(() => "done", (error) => error.code),
      ];
    });
  assertEquals(await outcomes("send"), ["done", "UnauthorizedAccess"]);
  assertEquals(await outcomes("listen"), ["UnauthorizedAccess", "done"]);
});
