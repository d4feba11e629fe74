import { assert, assertBetween, assertEquals, assertRejects } from "../assert.ts";
import { ManualClock } from "../manual_clock.ts";
import { test } from "../testing.ts";
import { waitUntil } from "../wait_until.ts";
import { ServiceBusBroker } from "./broker.ts";
import type { Point } from "./faults.ts";
import { Connected, ids, newClient, patiently, receiveOne, refusalOf, withClient } from "./testing.ts";

const CUT = { kind: "cut" } as const;

for (const at of ["connect", "authorize", "attach", "transfer"] satisfies Point[]) {
  for (const when of ["before", "after"] as const) {
    test(`a send whose connection is cut ${when} ${at} arrives when it is tried again`, async () => {
      await using connected = await Connected.start({ queues: { q: { duplicateDetectionMs: 60_000 } } });
      const { broker } = connected;
      broker.fault(CUT, { at, when });
      await patiently((abortSignal) =>
        withClient(
          broker.connectionString,
          (client) => client.createSender("q").sendMessages({ body: "a", messageId: "a" }, { abortSignal }),
        )
      );
      assertEquals(ids(broker.queue("q").all), ["a"]);
    });
  }
}

test("a cut after a transfer leaves the message on the queue, one before it does not", async () => {
  for (const [when, expected] of [["before", []], ["after", ["1"]]] as const) {
    await using connected = await Connected.start({ timeoutMs: 300 });
    connected.broker.fault(CUT, { at: "transfer", when });
    await assertRejects(connected.send("a"), Error);
    assertEquals<readonly string[]>(ids(connected.broker.queue("q").all), expected);
  }
});

test("a delivery that is cut leaves the message locked until its lock ends", async () => {
  const clock = new ManualClock();
  await using connected = await Connected.start({ clock, queues: { q: { lockDurationMs: 5_000 } } });
  await connected.send("a");
  connected.broker.fault(CUT, { at: "delivery" });
  await assertRejects(receiveOne(connected.receiver()), Error);
  assertEquals(ids(connected.broker.queue("q").locked), ["1"]);
  await clock.advance(5_000);
  assertEquals((await receiveOne(connected.receiver())).deliveryCount, 1);
});

test("a cut after settling has settled, one before it has not", async () => {
  for (const [when, left] of [["before", ["1"]], ["after", []]] as const) {
    await using connected = await Connected.start({ timeoutMs: 300 });
    await connected.send("a");
    const receiver = connected.receiver();
    const message = await receiveOne(receiver);
    connected.broker.fault(CUT, { at: "disposition", when });
    // The SDK then asks through `$management`, where a settled message has no lock any more.
    const settling = receiver.completeMessage(message).catch(() => {});
    await waitUntil(() => connected.broker.connections === 0, { what: "the cut" });
    assertEquals<readonly string[]>(ids(connected.broker.queue("q").all), left);
    await settling;
  }
});

test("a cut can be aimed at one operation of $management", async () => {
  await using connected = await Connected.start();
  const { broker } = connected;
  await connected.send("a");
  const receiver = connected.receiver();
  const message = await receiveOne(receiver);
  broker.fault(CUT, { at: "management", operation: "com.microsoft:peek-message", queue: "q" });
  await receiver.renewMessageLock(message);
  assertEquals(broker.connections, 1);
  const abort = new AbortController();
  const peeking = receiver.peekMessages(1, { abortSignal: abort.signal });
  peeking.catch(() => {});
  await waitUntil(() => broker.connections === 0, { what: "the cut" });
  abort.abort();
  await assertRejects(peeking, Error);
});

test("a busy service refuses as often as it is told", async () => {
  await using connected = await Connected.start();
  connected.broker.fault({ kind: "throttle" }, { at: "transfer", skip: 1, times: 2 });
  await connected.send("a");
  assertEquals(await refusalOf(connected.send("b")), "ServiceBusy");
  assertEquals(await refusalOf(connected.send("b")), "ServiceBusy");
  await connected.send("c");
  assertEquals(connected.broker.queue("q").all.length, 2);
});

test("every point but a delivery can be refused", async () => {
  const refuse = { kind: "refuse", condition: "com.microsoft:entity-disabled", status: 400 } as const;
  await using connected = await Connected.start();
  await connected.send("a", "b");
  const receiver = connected.receiver();
  const message = await receiveOne(receiver);
  const { broker } = connected;
  broker.fault(refuse, { at: "disposition" });
  assertEquals(await refusalOf(receiver.completeMessage(message)), "MessagingEntityDisabled");
  broker.fault(refuse, { at: "management" });
  assertEquals(await refusalOf(receiver.peekMessages(1)), "MessagingEntityDisabled");
  broker.fault(refuse, { at: "attach" });
  assertEquals(await refusalOf(connected.send("c")), "MessagingEntityDisabled");
  broker.fault(refuse, { at: "authorize" });
  const sending = withClient(
    broker.connectionString,
    (client) => client.createSender("q").sendMessages({ body: "" }),
  );
  assertEquals(await refusalOf(sending), "MessagingEntityDisabled");
  assertEquals(ids(broker.queue("q").all), ["1", "2"]);
});

test("a late answer is late by the broker's clock", async () => {
  const clock = new ManualClock();
  await using connected = await Connected.start({ clock });
  connected.broker.fault({ kind: "delay", ms: 1_000 }, { at: "transfer", when: "after" });
  let isDone = false;
  const sending = connected.send("a").then(() => isDone = true);
  await waitUntil(() => clock.sleepers === 1, { what: "the delay" });
  assertEquals([ids(connected.broker.queue("q").all), isDone], [["1"], false]);
  await clock.advance(1_000);
  await sending;
});

test("a message that is on its way uses up its credit", async () => {
  const clock = new ManualClock();
  await using connected = await Connected.start({ clock });
  await connected.send("a", "b");
  connected.broker.fault({ kind: "delay", ms: 1_000 }, { at: "delivery" });
  const receiving = receiveOne(connected.receiver());
  await waitUntil(() => clock.wakesAt === clock.now() + 1_000, { what: "the delay" });
  assertEquals(ids(connected.broker.queue("q").active), ["2"]);
  await clock.advance(1_000);
  assertEquals((await receiving).messageId, "1");
});

test("a link can be opened late", async () => {
  const clock = new ManualClock();
  await using connected = await Connected.start({ clock });
  connected.broker.fault({ kind: "delay", ms: 1_000 }, { at: "attach" });
  const sending = connected.send("a");
  await waitUntil(() => clock.sleepers === 1, { what: "the delay" });
  await clock.advance(1_000);
  await sending;
  assertEquals(ids(connected.broker.queue("q").all), ["1"]);
});

test("a client that is never answered gives up", async () => {
  await using connected = await Connected.start({ timeoutMs: 300 });
  connected.broker.fault({ kind: "silence" }, { at: "transfer" });
  assertEquals(await refusalOf(connected.send("a")), "ServiceTimeout");
});

test("what is healed befalls nothing any more", async () => {
  await using connected = await Connected.start();
  connected.broker.fault(CUT, { at: "transfer" });
  connected.broker.heal();
  await connected.send("a");
});

test("clients come back after their connections were cut", async () => {
  await using connected = await Connected.start();
  await connected.send("a", "b");
  const receiver = connected.receiver();
  await receiver.completeMessage(await receiveOne(receiver));
  assertEquals(connected.broker.connections, 1);
  connected.broker.cutConnections();
  assertEquals(connected.broker.connections, 0);
  assertEquals((await patiently(() => receiveOne(receiver))).body, "b");
});

test("a broker that is down comes back at the same port with its messages and locks", async () => {
  await using connected = await Connected.start();
  const { broker } = connected;
  await connected.send("a", "b");
  await receiveOne(connected.receiver());
  const { connectionString } = broker;
  await broker.down();
  await assertRejects(
    withClient(connectionString, (client) => client.createReceiver("q").peekMessages(1)),
    Error,
  );
  await broker.up();
  assertEquals(broker.connectionString, connectionString);
  const message = await withClient(connectionString, (client) => receiveOne(client.createReceiver("q")));
  assertEquals([message.body, broker.queue("q").locked.length], ["b", 2]);
});

test("a broker that ends breaks idle connections", async () => {
  const broker = await ServiceBusBroker.start();
  const [hostname = "", port] = broker.host.split(":");
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const reading = connection.read(new Uint8Array(1)).catch(() => null);
  await broker[Symbol.asyncDispose]();
  assertEquals(await reading, null);
});

test("nothing is lost while connections are cut at random", async () => {
  await using connected = await Connected.start({ queues: { q: { duplicateDetectionMs: 60_000 } } });
  const { broker } = connected;
  const client = newClient(broker.connectionString, { timeoutMs: 300, maxRetries: 10 });
  const sender = client.createSender("q");
  const wanted = Array.from({ length: 40 }, (_, index) => `${index}`);
  for (const [index, messageId] of wanted.entries()) {
    if (index % 7 === 3) broker.fault(CUT, { at: "transfer", when: index % 2 === 0 ? "before" : "after" });
    await sender.sendMessages({ body: messageId, messageId });
  }
  await client.close();
  assertEquals(ids(broker.queue("q").all), wanted);
  assert(broker.connections <= 1);
  assertBetween(broker.queue("q").sizeBytes, 40, 40 * 1_000);
});
