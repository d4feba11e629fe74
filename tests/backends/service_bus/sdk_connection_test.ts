import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import net from "node:net";
import { receiveMessages } from "../../../src/backends/service_bus/sdk_internals.ts";
import { assertBetween, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import type { Point } from "../../support/service_bus_broker/faults.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { durationOf } from "./duration_of.ts";
import { PreparedClient, receiveOne, turns } from "./prepared_client.ts";

/** Far less than the SDK waits for anything. */
const AT_ONCE_MS = 700;

test("small frames are sent at once", async () => {
  await using it = await PreparedClient.start();
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
  await using it = await PreparedClient.start();
  assertEquals(it.heard, []);
  await it.send("a");
  assertEquals(it.heard, ["open"]);
  it.broker.cutConnections();
  await waitUntil(() => it.heard.length === 2);
  assertEquals(it.heard, ["open", "break"]);
});

test("a connection that is broken off is gone for the service, and is not made again", async () => {
  await using it = await PreparedClient.start();
  await it.send("a");
  assertEquals(it.broker.connections, 1);
  const broken = new AbortController();
  const receiver = it.receiver();
  const waiting = receiveMessages(receiver, { max: 5, waitMs: 20_000, over: broken.signal });
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
  await using it = await PreparedClient.start();
  it.broker.fault({ kind: "silence" }, { at: "attach" });
  const received = receiveMessages(it.receiver(), { max: 1, waitMs: 1 });
  assertBetween(await durationOf(received), 5_000, 14_000);
  await assertRejects(received, Error);
});

/** What waits for an answer that never comes, and at which point. */
const WAITS: Readonly<
  Record<string, { at: Point; call: (it: PreparedClient, held: Held) => Promise<unknown> }>
> = {
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
  test(`the wait for the answer to ${what} ends with shut(), and leaves nothing behind`, async () => {
    await using it = await PreparedClient.start("a");
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

test("whatever waits for a connection that is shut then fails for the reason given, and so does what comes later", async () => {
  await using it = await PreparedClient.start();
  const links = linksOf(it);
  const calls = begin(links);
  it.connection.shut(new Error("a reason"));
  it.connection.shut(new Error("another reason"));
  for (const call of [...calls, ...begin(links)]) {
    assertBetween(await durationOf(call), 0, AT_ONCE_MS);
    assertEquals(await call, "a reason");
  }
  assertEquals([it.connection.isShut, it.view.all], [true, []]);
});

test("whatever is under way on a connection that is shut fails at once, and so does what comes later", async () => {
  await using it = await PreparedClient.start("a");
  const links = linksOf(it);
  const message = await receiveOne(links.receiver);
  for (const call of begin(links)) assertEquals(await call, "done");
  const calls: Promise<unknown>[] = begin(links);
  it.connection.shut(new Error("a reason"), [links.receiver]);
  calls.push(...begin(links), links.receiver.completeMessage(message).catch(String));
  for (const call of calls) {
    assertBetween(await durationOf(call), 0, AT_ONCE_MS);
    assertMatch(String(await call), /a reason|The underlying AMQP connection is closed/);
  }
  await turns();
  assertEquals(it.view.all.length, 2);
});

/** Ways to send, by links of their own. */
function linksOf(it: PreparedClient) {
  return {
    receiver: it.receiver(),
    dead: it.client.createReceiver("q", { subQueueType: "deadLetter" }),
    sender: it.client.createSender("q"),
  };
}

/** Calls that have to do something else before they send anything. @returns what came of each */
function begin({ receiver, dead, sender }: ReturnType<typeof linksOf>): Promise<string>[] {
  return [
    sender.sendMessages([{ body: "y", messageId: "y" }]),
    receiver.peekMessages(1),
    dead.peekMessages(1),
  ].map((call) => call.then(() => "done", (error) => error.message));
}

test("a link that is being closed when its connection breaks off is closed", async () => {
  await using it = await PreparedClient.start("a");
  const receiver = it.receiver();
  await receiveOne(receiver);
  it.wire.isDead = true;
  const closed = Promise.all([receiver.close(), it.client.close()]);
  await turns();
  it.break([receiver]);
  assertBetween(await durationOf(closed), 0, AT_ONCE_MS);
});
