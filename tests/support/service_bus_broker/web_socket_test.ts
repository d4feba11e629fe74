import { once } from "node:events";
import { assertEquals } from "../assert.ts";
import { test } from "../testing.ts";
import { waitUntil } from "../wait_until.ts";
import { ServiceBusBroker } from "./broker.ts";

test("a connection through a WebSocket can be cut", async () => {
  await using broker = await ServiceBusBroker.start();
  const socket = new WebSocket(`ws://${broker.host}/$servicebus/websocket`, "AMQPWSB10");
  await once(socket, "open");
  assertEquals(socket.protocol, "AMQPWSB10");
  await waitUntil(() => broker.connections === 1, { what: "the connection" });
  const closed = once(socket, "close");
  broker.cutConnections();
  await closed;
  assertEquals(broker.connections, 0);
});

test("a client that goes away through a WebSocket is not counted any more", async () => {
  await using broker = await ServiceBusBroker.start();
  const socket = new WebSocket(`ws://${broker.host}/$servicebus/websocket`, "AMQPWSB10");
  await once(socket, "open");
  const closed = once(socket, "close");
  socket.close();
  await closed;
  await waitUntil(() => broker.connections === 0, { what: "the end" });
});
