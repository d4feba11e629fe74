import { assertEquals } from "../assert.ts";
import { ManualClock } from "../manual_clock.ts";
import { test } from "../testing.ts";
import { Connected, ids, receiveOne, refusalOf } from "./testing.ts";

test("a lock that ends is lost to every way of settling, and the message comes again", async () => {
  const clock = new ManualClock();
  await using connected = await Connected.start({ clock, queues: { q: { lockDurationMs: 5_000 } } });
  await connected.send("a", "b", "c", "d");
  const receiver = connected.receiver();
  const [a, b, c, d] = await receiver.receiveMessages(4);
  if (!a || !b || !c || !d) throw new Error("messages are missing");
  await clock.advance(4_999);
  assertEquals(connected.broker.queue("q").locked.length, 4);
  await clock.advance(1);
  assertEquals(await refusalOf(receiver.completeMessage(a)), "MessageLockLost");
  assertEquals(await refusalOf(receiver.abandonMessage(b)), "MessageLockLost");
  assertEquals(await refusalOf(receiver.deadLetterMessage(c)), "MessageLockLost");
  assertEquals(await refusalOf(receiver.renewMessageLock(d)), "MessageLockLost");
  const again = await receiveOne(receiver);
  assertEquals([again.messageId, again.deliveryCount], ["1", 1]);
});

test("a renewed lock lasts from its renewal on", async () => {
  const clock = new ManualClock();
  await using connected = await Connected.start({ clock, queues: { q: { lockDurationMs: 5_000 } } });
  await connected.send("a");
  const receiver = connected.receiver();
  const message = await receiveOne(receiver);
  await clock.advance(3_000);
  assertEquals(Number(await receiver.renewMessageLock(message)), clock.now() + 5_000);
  await clock.advance(4_999);
  assertEquals(connected.broker.queue("q").locked.length, 1);
  await receiver.completeMessage(message);
  assertEquals(connected.broker.queue("q").all, []);
});

test("a message outlives its lock once too often and becomes a dead letter, whose deliveries do not count", async () => {
  const clock = new ManualClock();
  const queues = { q: { lockDurationMs: 5_000, maxDeliveryCount: 2 } };
  await using connected = await Connected.start({ clock, queues });
  await connected.send("a");
  const receiver = connected.receiver();
  await receiver.abandonMessage(await receiveOne(receiver));
  await receiveOne(receiver);
  await clock.advance(5_000);
  const [dead] = connected.broker.queue("q").dead;
  assertEquals([dead?.deadLetterReason, dead?.deliveryCount], ["MaxDeliveryCountExceeded", 2]);
  const ofDead = connected.receiver({ subQueueType: "deadLetter" });
  await ofDead.abandonMessage(await receiveOne(ofDead));
  assertEquals((await receiveOne(ofDead)).deliveryCount, 2);
});

test("a duplicate is dropped silently, until its window is over", async () => {
  const clock = new ManualClock();
  await using connected = await Connected.start({ clock, queues: { q: { duplicateDetectionMs: 60_000 } } });
  await connected.send("a");
  await connected.send("other");
  const receiver = connected.receiver();
  await receiver.completeMessage(await receiveOne(receiver));
  await connected.send("a");
  assertEquals(connected.broker.queue("q").all, []);
  await clock.advance(60_000);
  await connected.send("a");
  assertEquals(ids(connected.broker.queue("q").active), ["1"]);
});

test("a scheduled message becomes active when it is due, with a new sequence number", async () => {
  const clock = new ManualClock();
  await using connected = await Connected.start({ clock });
  const sender = connected.client.createSender("q");
  const at = new Date(clock.now() + 10_000);
  const numbers = await sender.scheduleMessages([{ body: "a", messageId: "a" }], at);
  await sender.sendMessages({ body: "b", messageId: "b", scheduledEnqueueTimeUtc: at });
  await sender.sendMessages({ body: "c", messageId: "c" });
  assertEquals(numbers.map(String), ["1"]);
  const queue = connected.broker.queue("q");
  assertEquals([ids(queue.scheduled), ids(queue.active)], [["a", "b"], ["c"]]);
  await clock.advance(10_000);
  assertEquals(queue.active.map(({ messageId, sequenceNumber }) => [messageId, sequenceNumber]), [
    ["c", 3],
    ["a", 4],
    ["b", 5],
  ]);
});

test("a receiver that waits gets a scheduled message when it is due", async () => {
  const clock = new ManualClock();
  await using connected = await Connected.start({ clock });
  await connected.client.createSender("q").scheduleMessages({ body: "a" }, new Date(clock.now() + 10_000));
  const waiting = receiveOne(connected.receiver());
  await clock.advance(10_000);
  assertEquals((await waiting).body, "a");
});

test("a scheduled message can be cancelled once", async () => {
  await using connected = await Connected.start();
  const sender = connected.client.createSender("q");
  const [number] = await sender.scheduleMessages({ body: "a" }, new Date(Date.now() + 60_000));
  if (number === undefined) throw new Error("there is no number");
  await sender.cancelScheduledMessages(number);
  assertEquals(connected.broker.queue("q").all, []);
  assertEquals(await refusalOf(sender.cancelScheduledMessages(number)), "MessageNotFound");
});

test("a message vanishes when its time is over, unless it is locked then", async () => {
  const clock = new ManualClock();
  await using connected = await Connected.start({ clock });
  const sender = connected.client.createSender("q");
  await sender.sendMessages([
    { body: "a", messageId: "a", timeToLive: 5_000 },
    { body: "b", messageId: "b", timeToLive: 5_000 },
  ]);
  const receiver = connected.receiver();
  const message = await receiveOne(receiver);
  await clock.advance(5_000);
  assertEquals(ids(connected.broker.queue("q").all), ["a"]);
  await receiver.completeMessage(message);
});

test("a message that expires becomes a dead letter where the queue is made so", async () => {
  const clock = new ManualClock();
  const queues = { q: { defaultTtlMs: 5_000, deadLetteringOnExpiration: true } };
  await using connected = await Connected.start({ clock, queues });
  await connected.send("a");
  await clock.advance(5_000);
  assertEquals(connected.broker.queue("q").dead.map((one) => one.deadLetterReason), ["TTLExpiredException"]);
});
