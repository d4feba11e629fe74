import type { ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import net from "node:net";
import { busClient } from "../../../src/backends/service_bus/bus_client.ts";
import {
  type BareConnection,
  bareConnection,
  endWaits,
  hasLostLink,
  messageOfToken,
  receiveMessages,
} from "../../../src/backends/service_bus/sdk_internals.ts";
import { assert, assertBetween, assertEquals, assertExists, assertRejects } from "../../support/assert.ts";
import { ServiceBusBroker } from "../../support/service_bus_broker/broker.ts";
import type { Point } from "../../support/service_bus_broker/faults.ts";
import type { QueueView } from "../../support/service_bus_broker/queue_view.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { accessBy } from "./bus_login.ts";
import { durationOf } from "./duration_of.ts";
import { Wire } from "./wire.ts";

/** Far less than a second, which the SDK waits for more messages. */
const AT_ONCE_MS = 700;

/** A broker with the queue "q", behind a wire, and a client of the SDK on it, prepared as for jobq. */
class Prepared implements AsyncDisposable {
  readonly broker: ServiceBusBroker;
  readonly wire: Wire;
  readonly client: ServiceBusClient;
  readonly connection: BareConnection;
  readonly heard: string[] = [];

  private constructor(broker: ServiceBusBroker) {
    this.broker = broker;
    this.wire = Wire.to(broker.connectionString);
    const access = accessBy(this.wire.through(broker.connectionString));
    this.client = busClient(access, { transport: "amqp", timeoutMs: 60_000 });
    this.connection = bareConnection(this.client, {
      onOpen: () => this.heard.push("open"),
      onBreak: () => this.heard.push("break"),
    });
  }

  static async start(...bodies: readonly string[]): Promise<Prepared> {
    const prepared = new Prepared(await ServiceBusBroker.start({ queues: ["q"] }));
    if (bodies.length > 0) await prepared.send(...bodies);
    return prepared;
  }

  get view(): QueueView {
    return this.broker.queue("q");
  }

  async send(...bodies: readonly string[]): Promise<void> {
    const sender = this.client.createSender("q");
    await sender.sendMessages(bodies.map((body) => ({ body, messageId: crypto.randomUUID() })));
    await sender.close();
  }

  receiver(): ServiceBusReceiver {
    return this.client.createReceiver("q", { maxAutoLockRenewalDurationInMs: 0 });
  }

  /** Gives the connection up. */
  break(receivers: readonly ServiceBusReceiver[] = []): void {
    endWaits(this.client, { receivers, reason: new Error("it is over") });
    this.connection.break();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.break();
    await this.client.close().catch(() => {});
    this.connection.quiet();
    await this.wire[Symbol.asyncDispose]();
    await this.broker[Symbol.asyncDispose]();
  }
}

async function receiveOne(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const messages = await receiveMessages(receiver, { max: 1, waitMs: 5_000 });
  return assertExists(messages?.[0], "no message came");
}

test("receiveMessages() answers with what is there, without a second's wait for more", async () => {
  await using it = await Prepared.start("a", "b");
  const received = receiveMessages(it.receiver(), { max: 10, waitMs: 5_000 });
  assertBetween(await durationOf(received), 0, AT_ONCE_MS);
  assertEquals((await received)?.map(({ body }) => body), ["a", "b"]);
});

test("receiveMessages() waits for the first message, as long as it is told to", async () => {
  await using it = await Prepared.start();
  const receiver = it.receiver();
  assertEquals(await receiveMessages(receiver, { max: 10, waitMs: 1 }), []);
  const received = receiveMessages(receiver, { max: 10, waitMs: 5_000 });
  await it.send("late");
  assertEquals((await received)?.map(({ body }) => body), ["late"]);
  assertBetween(await durationOf(receiveMessages(receiver, { max: 10, waitMs: 300 })), 280, 300 + AT_ONCE_MS);
});

test("receiveMessages() loses neither message nor link to a service that is slow to say that there are no more", async () => {
  await using it = await Prepared.start();
  const receiver = it.receiver();
  await receiveMessages(receiver, { max: 1, waitMs: 1 });
  await it.send("a");
  it.wire.delayMs = 500;
  const received = await receiveMessages(receiver, { max: 5, waitMs: 1 });
  assertEquals(received?.map(({ body }) => body), ["a"]);
  assertEquals([hasLostLink(receiver), it.view.locked.length], [false, 1]);
});

test("receiveMessages() that is aborted answers with the message that is on its way", async () => {
  await using it = await Prepared.start();
  const receiver = it.receiver();
  await receiveMessages(receiver, { max: 1, waitMs: 1 });
  for (const max of [1, 5]) {
    const stop = new AbortController();
    const received = receiveMessages(receiver, { max, waitMs: 20_000, signal: stop.signal });
    it.wire.delayMs = 300;
    const sent = it.send("a");
    await waitUntil(() => it.view.locked.length === 1);
    stop.abort();
    const message = assertExists((await received)?.[0], "it is locked by nobody");
    await sent;
    it.wire.delayMs = 0;
    await receiver.completeMessage(message);
  }
});

test("receiveMessages() that is aborted leaves no credit: what comes later is nobody's", async () => {
  await using it = await Prepared.start();
  const receiver = it.receiver();
  await receiveMessages(receiver, { max: 1, waitMs: 1 });
  for (const max of [1, 5]) {
    const stop = new AbortController();
    const received = receiveMessages(receiver, { max, waitMs: 20_000, signal: stop.signal });
    await turns();
    stop.abort();
    assertEquals(await received, []);
    await it.send("later");
    assertEquals(it.view.locked, []);
    await receiver.completeMessage(await receiveOne(receiver));
  }
});

test("receiveMessages() that is aborted while its link is made answers undefined, at once", async () => {
  await using it = await Prepared.start("a");
  it.broker.fault({ kind: "delay", ms: 400 }, { at: "attach" });
  const stop = new AbortController();
  const received = receiveMessages(it.receiver(), { max: 1, waitMs: 20_000, signal: stop.signal });
  stop.abort();
  assertBetween(await durationOf(received), 0, 300);
  assertEquals(await received, undefined);
  // When the link is there, it asks for nothing.
  const message = await receiveOne(it.receiver());
  assertEquals([message.body, it.view.locked.length], ["a", 1]);
});

test("receiveMessages() that is aborted as soon as it begins ends at once, also after another one", async () => {
  await using it = await Prepared.start();
  const receiver = it.receiver();
  for (let round = 0; round < 2; round++) {
    assertEquals(await receiveMessages(receiver, { max: 1, waitMs: 1 }), []);
    const stop = new AbortController();
    const received = receiveMessages(receiver, { max: 1, waitMs: 15_000, signal: stop.signal });
    if (round > 0) await Promise.resolve();
    stop.abort();
    assertBetween(await durationOf(received), 0, AT_ONCE_MS);
    if (await received === undefined) return;
  }
});

test("receiveMessages() asks for no more than the maximum, one receive after the other", async () => {
  await using it = await Prepared.start();
  const receiver = it.receiver();
  for (const max of [5, 1, 3]) {
    assertEquals(await receiveMessages(receiver, { max, waitMs: 1 }), []);
    await it.send("a", "b", "c", "d", "e", "f");
    assertEquals(it.view.locked, []);
    const messages = assertExists(await receiveMessages(receiver, { max, waitMs: 5_000 }));
    assertEquals([messages.length, it.view.locked.length], [max, max]);
    for (const message of messages) await receiver.completeMessage(message);
    const rest = assertExists(await receiveMessages(receiver, { max: 10, waitMs: 5_000 }));
    for (const message of rest) await receiver.completeMessage(message);
  }
});

test("a receive that drains when its connection breaks leaves nothing behind", async () => {
  await using it = await Prepared.start();
  const receiver = it.receiver();
  await receiveMessages(receiver, { max: 1, waitMs: 1 });
  it.wire.isDead = true;
  const broken = new AbortController();
  const received = receiveMessages(receiver, { max: 1, waitMs: 1, broken: broken.signal });
  const begun = Date.now();
  await waitUntil(() => Date.now() - begun >= 100);
  broken.abort();
  it.break([receiver]);
  assertBetween(await durationOf(received), 0, AT_ONCE_MS);
});

test("small frames are sent at once", async () => {
  await using it = await Prepared.start();
  const asked: boolean[] = [];
  const original = net.Socket.prototype.setNoDelay;
  net.Socket.prototype.setNoDelay = function (on?: boolean) {
    // The broker's own are connected by then.
    if (this.connecting) asked.push(on ?? true);
    return original.call(this, on);
  };
  try {
    await it.send("a");
  } finally {
    net.Socket.prototype.setNoDelay = original;
  }
  assertEquals(asked, [true]);
});

test("the opening of a connection is told, and its end", async () => {
  await using it = await Prepared.start();
  assertEquals(it.heard, []);
  await it.send("a");
  assertEquals(it.heard, ["open"]);
  it.broker.cutConnections();
  await waitUntil(() => it.heard.length === 2);
  assertEquals(it.heard, ["open", "break"]);
});

test("a connection that is broken off is gone for the service, and is not made again", async () => {
  await using it = await Prepared.start();
  await it.send("a");
  assertEquals(it.broker.connections, 1);
  const broken = new AbortController();
  const receiver = it.receiver();
  const waiting = receiveMessages(receiver, { max: 5, waitMs: 20_000, broken: broken.signal });
  await turns();
  const failure = assertRejects(waiting, Error);
  broken.abort();
  it.break([receiver]);
  await failure;
  await waitUntil(() => it.broker.connections === 0);
  await turns();
  assertEquals([it.heard, it.broker.connections], [["open", "break"], 0]);
});

test("the setting up of a link is not waited for longer than ten seconds", async () => {
  await using it = await Prepared.start();
  it.broker.fault({ kind: "silence" }, { at: "attach" });
  const received = receiveMessages(it.receiver(), { max: 1, waitMs: 1 });
  assertBetween(await durationOf(received), 5_000, 14_000);
  await assertRejects(received, Error);
});

/** What waits for an answer that never comes, and at which point. */
const WAITS: Readonly<Record<string, { at: Point; call: (it: Prepared, held: Held) => Promise<unknown> }>> = {
  "a token": {
    at: "authorize",
    call: (it) => it.client.createSender("q").sendMessages({ body: "x", messageId: "x" }),
  },
  "a message sent": { at: "transfer", call: (it) => it.send("b") },
  "a settlement": {
    at: "disposition",
    call: (_, { receiver, message }) => receiver.completeMessage(message),
  },
  "a renewal": { at: "management", call: (_, { receiver, message }) => receiver.renewMessageLock(message) },
  "a look": { at: "management", call: (it) => it.client.createReceiver("q").peekMessages(1) },
};

interface Held {
  readonly receiver: ServiceBusReceiver;
  readonly message: ServiceBusReceivedMessage;
}

for (const [what, { at, call }] of Object.entries(WAITS)) {
  test(`the wait for the answer to ${what} ends with endWaits(), and leaves nothing behind`, async () => {
    await using it = await Prepared.start("a");
    const receiver = it.receiver();
    const held = { receiver, message: await receiveOne(receiver) };
    if (at === "management") await receiver.peekMessages(1);
    it.broker.fault({ kind: "silence" }, { at, times: 100 });
    const waiting = call(it, held);
    const failure = assertRejects(waiting, Error);
    await it.client.createReceiver("q").peekMessages(1, { abortSignal: AbortSignal.timeout(200) }).catch(
      () => {},
    );
    it.break([receiver]);
    assertBetween(await durationOf(failure), 0, AT_ONCE_MS);
    await failure;
  });
}

test("a message is settled and renewed by its token alone, after its link is gone", async () => {
  await using it = await Prepared.start("a", "b", "c", "d");
  const receiver = it.receiver();
  const messages = assertExists(await receiveMessages(receiver, { max: 4, waitMs: 5_000 }));
  await receiver.close();
  const [complete, abandon, bury, renew] = messages.map(({ lockToken = "" }) => messageOfToken(lockToken));
  const settler = it.receiver();
  await settler.completeMessage(assertExists(complete));
  await settler.abandonMessage(assertExists(abandon), { note: 7 });
  await settler.deadLetterMessage(assertExists(bury), {
    deadLetterReason: "reason",
    deadLetterErrorDescription: "description",
    note: 8,
  });
  const until = await settler.renewMessageLock(assertExists(renew));
  assert(until.getTime() > Date.now());
  assertEquals(
    it.view.all.map(({ body, state, applicationProperties }) => [body, state.kind, applicationProperties]),
    [['"b"', "active", { note: 7 }], ['"d"', "locked", {}]],
  );
  const [dead] = it.view.dead;
  assertEquals([dead?.body, dead?.deadLetterReason, dead?.deadLetterErrorDescription], [
    '"c"',
    "reason",
    "description",
  ]);
  assertEquals(dead?.applicationProperties.note, 8);
});

test("a message is settled by its token alone, over another connection", async () => {
  await using it = await Prepared.start("a");
  const { lockToken = "" } = await receiveOne(it.receiver());
  const client = busClient(accessBy(it.broker.connectionString), { transport: "amqp", timeoutMs: 5_000 });
  await client.createReceiver("q").completeMessage(messageOfToken(lockToken));
  await client.close();
  assertEquals(it.view.all, []);
});

test("a receiver has lost its link when it had one and has it no more", async () => {
  await using it = await Prepared.start("a");
  const receiver = it.receiver();
  assertEquals(hasLostLink(receiver), false);
  await receiveOne(receiver);
  assertEquals(hasLostLink(receiver), false);
  await receiver.close();
  assertEquals(hasLostLink(receiver), true);
});

/** Lets what has begun come to its first wait. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
