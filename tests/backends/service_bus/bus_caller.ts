/**
 * Sends a message to the queue "q" over TLS, receives it, and looks at the queue: the way of its first argument, a
 * `BusAccess` in JSON (with a token as a text), by the transport of its second. Prints one line of JSON.
 */
import type { BusAccess, BusLogin } from "../../../src/backends/service_bus/bus_access.ts";
import { adminClient, busClient } from "../../../src/backends/service_bus/bus_client.ts";
import { translateBusError } from "../../../src/backends/service_bus/bus_errors.ts";
import { receiveOne } from "../../support/service_bus_broker/testing.ts";

type SentLogin = Exclude<BusLogin, { readonly kind: "token" }> | { readonly kind: "token"; token: string };

const [text = "", transport] = Deno.args;
const sent: Omit<BusAccess, "login"> & { readonly login: SentLogin } = JSON.parse(text);
const access: BusAccess = { ...sent, login: loginOf(sent.login) };
const client = busClient(access, { transport: transport === "ws" ? "ws" : "amqp", timeoutMs: 5_000 });
const answer: Record<string, unknown> = {};
try {
  await client.createSender("q").sendMessages({ body: "hello", messageId: "1" });
  const receiver = client.createReceiver("q", { maxAutoLockRenewalDurationInMs: 0 });
  const message = await receiveOne(receiver);
  await receiver.completeMessage(message);
  answer.body = message.body;
  answer.queue = (await adminClient(access).getQueue("q")).name;
} catch (error) {
  answer.error = translateBusError(error, { action: "use", name: "sb://ns/q" }).message;
}
await client.close();
await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
Deno.exit(0);

function loginOf(login: SentLogin): BusLogin {
  if (login.kind !== "token") return login;
  const { token } = login;
  const getToken = () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 });
  return { kind: "token", credential: { getToken } };
}
