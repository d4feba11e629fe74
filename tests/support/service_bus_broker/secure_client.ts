/** Sends and receives one message over TLS, with AMQP or AMQP over WebSockets, and prints it. */
import { ServiceBusClient } from "@azure/service-bus";
import { receiveOne } from "./testing.ts";

const client = new ServiceBusClient(Deno.env.get("BROKER") ?? "", {
  retryOptions: { maxRetries: 0, timeoutInMs: 5_000 },
  webSocketOptions: Deno.args[0] === "ws" ? { webSocket: WebSocket } : undefined,
});
await client.createSender("q").sendMessages({ body: "hello", messageId: "1" });
const receiver = client.createReceiver("q", { maxAutoLockRenewalDurationInMs: 0 });
const message = await receiveOne(receiver);
await receiver.completeMessage(message);
await client.close();
await Deno.stdout.write(new TextEncoder().encode(`${message.body}\n`));
