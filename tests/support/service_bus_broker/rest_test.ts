import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "../assert.ts";
import { ManualClock } from "../manual_clock.ts";
import { test } from "../testing.ts";
import { waitUntil } from "../wait_until.ts";
import type { ServiceBusBroker } from "./broker.ts";
import { Connected, ids, receiveOne } from "./testing.ts";

/** As Entra ID gives them, as far as the broker looks. */
function bearer(expiresAt = Date.now() + 60_000): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `Bearer ${part({ alg: "none" })}.${part({ exp: expiresAt / 1000 })}.`;
}

interface Call {
  readonly body?: string;
  readonly properties?: Record<string, unknown>;
  readonly authorization?: string;
}

/** Calls a path of the broker, or the address that an answer gave. */
async function call(
  broker: ServiceBusBroker,
  target: string,
  { body, properties, authorization }: Call = {},
) {
  const [method = "", address = ""] = target.split(" ");
  const url = address.startsWith("http") ? address : `http://${broker.host}${address}`;
  const response = await fetch(url, {
    method,
    body,
    headers: {
      authorization: authorization ?? bearer(),
      ...(properties === undefined ? {} : { brokerproperties: JSON.stringify(properties) }),
    },
  });
  return {
    status: response.status,
    text: await response.text(),
    headers: response.headers,
    location: response.headers.get("location") ?? "",
    properties: JSON.parse(response.headers.get("brokerproperties") ?? "{}") as Record<string, unknown>,
  };
}

test("what is sent over HTTP comes over AMQP, and the other way round", async () => {
  await using connected = await Connected.start();
  const { broker } = connected;
  const properties = { MessageId: "id-1", Label: "l" };
  assertEquals((await call(broker, "POST /q/messages", { body: '{"a": 1}', properties })).status, 201);
  const receiver = connected.receiver();
  const message = await receiveOne(receiver);
  assertEquals([message.messageId, message.subject, message.body], ["id-1", "l", { a: 1 }]);
  await receiver.completeMessage(message);
  const sender = connected.client.createSender("q");
  await sender.sendMessages({ body: Buffer.from('{"b": 2}'), messageId: "id-2" });
  const received = await call(broker, "DELETE /q/messages/head?timeout=0");
  assertEquals([received.status, received.text], [200, '{"b": 2}']);
  assertEquals(broker.queue("q").all, []);
});

test("a message is locked, renewed, unlocked and completed at its address", async () => {
  const clock = new ManualClock(Date.now());
  await using connected = await Connected.start({ clock, queues: { q: { lockDurationMs: 60_000 } } });
  const { broker } = connected;
  await connected.send("a");
  const received = await call(broker, "POST /q/messages/head?timeout=0");
  assertEquals([received.status, received.text, received.properties.MessageId], [201, '"a"', "1"]);
  assertEquals([received.properties.DeliveryCount, received.properties.SequenceNumber], [1, 1]);
  assertEquals(received.properties.LockedUntilUtc, new Date(clock.now() + 60_000).toUTCString());
  assertMatch(received.location, /^http:\/\/localhost:\d+\/q\/messages\/1\/[0-9a-f-]{36}$/);
  await clock.advance(30_000);
  const renewed = await call(broker, `POST ${received.location}`);
  assertEquals(renewed.properties.LockedUntilUtc, new Date(clock.now() + 60_000).toUTCString());
  assertEquals((await call(broker, `PUT ${received.location}`)).status, 200);
  const again = await call(broker, "POST /q/messages/head?timeout=0");
  assertEquals(again.properties.DeliveryCount, 2);
  assertEquals((await call(broker, `DELETE ${again.location}`)).status, 200);
  assertEquals((await call(broker, `DELETE ${again.location}`)).status, 404);
  assertEquals(broker.queue("q").all, []);
});

test("a request for a message waits as long as it says", async () => {
  const clock = new ManualClock(Date.now());
  await using connected = await Connected.start({ clock });
  const { broker } = connected;
  assertEquals((await call(broker, "POST /q/messages/head?timeout=0")).status, 204);
  const empty = call(broker, "POST /q/messages/head?timeout=5");
  await waitUntil(() => clock.sleepers === 1, { what: "the request" });
  await clock.advance(5_000);
  assertEquals((await empty).status, 204);
  const waiting = call(broker, "POST /q/messages/head?timeout=5");
  await waitUntil(() => clock.sleepers === 1, { what: "the request" });
  await connected.send("a");
  assertEquals((await waiting).status, 201);
});

test("application properties are headers over HTTP", async () => {
  await using connected = await Connected.start();
  const sender = connected.client.createSender("q");
  const applicationProperties = { attempts: 2, reason: 'a "b" é', "no header": "x" };
  await sender.sendMessages({ body: "a", applicationProperties });
  const received = await call(connected.broker, "DELETE /q/messages/head?timeout=0");
  assertEquals(received.headers.get("attempts"), "2");
  assertEquals(received.headers.get("reason"), '"a \\"b\\" \\u00e9"');
});

test("dead letters can be read over HTTP", async () => {
  await using connected = await Connected.start();
  await connected.send("a");
  const receiver = connected.receiver();
  await receiver.deadLetterMessage(await receiveOne(receiver));
  assertEquals(ids(connected.broker.queue("q").dead), ["1"]);
  const received = await call(connected.broker, "DELETE /q/$DeadLetterQueue/messages/head?timeout=0");
  assertEquals([received.status, connected.broker.queue("q").dead], [200, []]);
});

test("tokens and names are checked over HTTP", async () => {
  await using connected = await Connected.start();
  const { broker } = connected;
  const send = (authorization: string) => call(broker, "POST /q/messages", { body: "", authorization });
  assertEquals((await send(bearer(Date.now() - 1_000))).status, 401);
  assertEquals((await send("Bearer nonsense")).status, 401);
  assertEquals((await send("SharedAccessSignature sr=q&sig=YWJj&se=9999999999&skn=none")).status, 401);
  assertEquals((await call(broker, "POST /none/messages", { body: "" })).status, 404);
  assertEquals(broker.queue("q").all, []);
});

test("a cut after peek-lock leaves the message locked", async () => {
  await using connected = await Connected.start();
  await connected.send("a");
  connected.broker.fault({ kind: "cut" }, { at: "http", operation: "POST", when: "after" });
  const outcome = await call(connected.broker, "POST /q/messages/head?timeout=0").catch(() => "cut");
  assertEquals(outcome, "cut");
  assert(connected.broker.queue("q").locked.length === 1);
});
