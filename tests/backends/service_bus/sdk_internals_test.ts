import { busClient } from "../../../src/backends/service_bus/bus_client.ts";
import {
  hasLostLink,
  messageOfToken,
  receiveMessages,
} from "../../../src/backends/service_bus/sdk_internals.ts";
import { assert, assertBetween, assertEquals, assertExists } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { accessBy } from "./bus_login.ts";
import { durationOf } from "./duration_of.ts";
import { PreparedClient, receiveOne, turns } from "./prepared_client.ts";

/** Far less than a second, which the SDK waits for more messages. */
const AT_ONCE_MS = 700;

test("receiveMessages() answers with what is there, without a second's wait for more", async () => {
  await using it = await PreparedClient.start("a", "b");
  const received = receiveMessages(it.receiver(), { max: 10, waitMs: 5_000 });
  assertBetween(await durationOf(received), 0, AT_ONCE_MS);
  assertEquals((await received)?.map(({ body }) => body), ["a", "b"]);
});

test("receiveMessages() waits for the first message, as long as it is told to", async () => {
  await using it = await PreparedClient.start();
  const receiver = it.receiver();
  assertEquals(await receiveMessages(receiver, { max: 10, waitMs: 1 }), []);
  const received = receiveMessages(receiver, { max: 10, waitMs: 5_000 });
  await it.send("late");
  assertEquals((await received)?.map(({ body }) => body), ["late"]);
  assertBetween(await durationOf(receiveMessages(receiver, { max: 10, waitMs: 300 })), 280, 300 + AT_ONCE_MS);
});

test("receiveMessages() loses neither message nor link to a service that is slow to say that there are no more", async () => {
  await using it = await PreparedClient.start();
  const receiver = it.receiver();
  await receiveMessages(receiver, { max: 1, waitMs: 1 });
  await it.send("a");
  it.wire.delayMs = 500;
  const received = await receiveMessages(receiver, { max: 5, waitMs: 1 });
  assertEquals(received?.map(({ body }) => body), ["a"]);
  assertEquals([hasLostLink(receiver), it.view.locked.length], [false, 1]);
});

test("receiveMessages() that is aborted answers with the message that is on its way", async () => {
  await using it = await PreparedClient.start();
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
  await using it = await PreparedClient.start();
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
  await using it = await PreparedClient.start("a");
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
  await using it = await PreparedClient.start();
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
  await using it = await PreparedClient.start();
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
  await using it = await PreparedClient.start();
  const receiver = it.receiver();
  await receiveMessages(receiver, { max: 1, waitMs: 1 });
  it.wire.isDead = true;
  const broken = new AbortController();
  const received = receiveMessages(receiver, { max: 1, waitMs: 1, over: broken.signal });
  const begun = Date.now();
  await waitUntil(() => Date.now() - begun >= 100);
  broken.abort();
  it.break([receiver]);
  assertBetween(await durationOf(received), 0, AT_ONCE_MS);
});

test("a message is settled and renewed by its token alone, after its link is gone", async () => {
  await using it = await PreparedClient.start("a", "b", "c", "d");
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
  await using it = await PreparedClient.start("a");
  const { lockToken = "" } = await receiveOne(it.receiver());
  const client = busClient(accessBy(it.broker.connectionString), { transport: "amqp", timeoutMs: 5_000 });
  await client.createReceiver("q").completeMessage(messageOfToken(lockToken));
  await client.close();
  assertEquals(it.view.all, []);
});

test("a receiver has lost its link when it had one and has it no more", async () => {
  await using it = await PreparedClient.start("a");
  const receiver = it.receiver();
  assertEquals(hasLostLink(receiver), false);
  await receiveOne(receiver);
  assertEquals(hasLostLink(receiver), false);
  await receiver.close();
  assertEquals(hasLostLink(receiver), true);
});
