import type { ServiceBusClient } from "@azure/service-bus";
import type { BusAccess } from "../../../src/backends/service_bus/bus_access.ts";
import { adminClient, busClient } from "../../../src/backends/service_bus/bus_client.ts";
import {
  isLockLost,
  isQueueMissing,
  isTooLarge,
  isUnreachable,
  mayBeDone,
  mayPassOnNewConnection,
  translateBusError,
} from "../../../src/backends/service_bus/bus_errors.ts";
import { isTransient, JobqError } from "../../../src/core/errors.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import type { ServiceBusBroker } from "../../support/service_bus_broker/broker.ts";
import { receiveOne } from "../../support/service_bus_broker/testing.ts";
import { assertKeepsSecrets } from "../azure/no_secret.ts";
import { accessBy, fieldOf } from "./bus_login.ts";

const ACTION = { action: "use", name: "sb://ns/q" };
const JUDGES = { isLockLost, isQueueMissing, isTooLarge, mayBeDone, isUnreachable, mayPassOnNewConnection };

/** True of what was not even begun, for want of a connection. */
export const UNREACHED = ["isTransient", "isUnreachable", "mayPassOnNewConnection"];
/** True of what was not sent, since the connection was lost. */
export const LOST = ["isTransient", "mayPassOnNewConnection"];
/** True of what may have been sent when the connection was lost, or when nothing was heard any more. */
export const DOUBTFUL = ["isTransient", "mayBeDone", "mayPassOnNewConnection"];

/** What became of what was thrown. */
export interface Outcome {
  /** The name of the error's class. */
  readonly type: string;
  /** What stands behind `Cannot use "sb://ns/q": `. */
  readonly reason: string;
  readonly hint: string;
  /** Which of these are true of it: `isTransient`, and those of the backend. */
  readonly is: readonly string[];
}

/** Fails when an error shows a secret, or is judged in another way once it is translated. */
export function outcomeOf(thrown: unknown, secrets: readonly string[] = []): Outcome {
  const error = translateBusError(thrown, ACTION);
  assert(error instanceof JobqError, `it is ${error}`);
  assertKeepsSecrets(error, secrets);
  const judge = (each: unknown) => Object.entries(JUDGES).filter(([, is]) => is(each)).map(([name]) => name);
  assertEquals(judge(error), judge(thrown), "it is judged alike before and after the translation");
  const reason = error.message.replace(/^Cannot use "sb:\/\/ns\/q": /, "");
  const is = [...isTransient(error) ? ["isTransient"] : [], ...judge(error)];
  return { type: error.name, reason, hint: error.hint ?? "", is };
}

/** What a call is rejected with. */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

/** What is done to the queue "q". */
export type Deed = "send" | "receive" | "settle" | "schedule" | "peek" | "settle again";

type Do = (client: ServiceBusClient, signal: AbortSignal) => Promise<unknown>;

const DEEDS: Readonly<Record<Deed, Do>> = {
  send: (client, abortSignal) =>
    client.createSender("q").sendMessages({ body: "hello", messageId: "1" }, { abortSignal }),
  receive: (client, abortSignal) =>
    newReceiver(client).receiveMessages(1, { maxWaitTimeInMs: 200, abortSignal }),
  settle: async (client) => {
    const receiver = newReceiver(client);
    await receiver.completeMessage(await receiveOne(receiver));
  },
  "settle again": async (client) => {
    const [one, other] = [newReceiver(client), newReceiver(client)];
    const message = await receiveOne(one);
    await one.close();
    await other.completeMessage(message);
    await other.completeMessage(message);
  },
  schedule: (client, abortSignal) =>
    client.createSender("q").scheduleMessages({ body: "hello" }, new Date(Date.now() + 60_000), {
      abortSignal,
    }),
  peek: (client, abortSignal) => newReceiver(client).peekMessages(1, { abortSignal }),
};

function newReceiver(client: ServiceBusClient) {
  return client.createReceiver("q", { maxAutoLockRenewalDurationInMs: 0 });
}

export interface DeedOptions {
  /** How long the service has for an answer. */
  readonly timeoutMs?: number;
  /** Called when it is over, before the client is closed. */
  readonly then?: (client: ServiceBusClient) => void | Promise<void>;
}

/** What a deed fails with. The SDK lets a receive wait for as long as it is told; here it is given up. */
export async function failureOfDeed(
  access: BusAccess,
  deed: Deed,
  { timeoutMs = 4_000, then = () => {} }: DeedOptions = {},
): Promise<unknown> {
  const client = busClient(access, { transport: access.transport ?? "amqp", timeoutMs });
  const end = new AbortController();
  const timer = setTimeout(() => deed === "receive" && end.abort(), timeoutMs);
  try {
    return await failureOf(DEEDS[deed](client, end.signal));
  } finally {
    clearTimeout(timer);
    // What goes on in the background would hold up the client's end.
    end.abort();
    await then(client);
    await client.close();
  }
}

/** What a deed at a broker comes to; its connection string is a secret. */
export async function outcomeOfDeed(
  broker: ServiceBusBroker,
  deed: Deed,
  { connectionString = broker.connectionString, ...options }: DeedOptions & { connectionString?: string } =
    {},
): Promise<Outcome> {
  const thrown = await failureOfDeed(accessBy(connectionString), deed, options);
  return outcomeOf(thrown, secretsIn(connectionString));
}

/** What looking at the queue "q", or making it, comes to. */
export async function outcomeOfAdmin(
  broker: ServiceBusBroker,
  deed: "get" | "create",
  { connectionString = broker.connectionString, name = "q", signal }: {
    connectionString?: string;
    name?: string;
    signal?: AbortSignal;
  } = {},
): Promise<Outcome> {
  const admin = adminClient(accessBy(connectionString));
  const call = deed === "get"
    ? admin.getQueue(name, { abortSignal: signal })
    : admin.createQueue(name, { abortSignal: signal });
  return outcomeOf(await failureOf(call), secretsIn(connectionString));
}

function secretsIn(connectionString: string): string[] {
  return ["SharedAccessKey", "SharedAccessSignature"].map((name) => fieldOf(connectionString, name))
    .filter((text) => text.length > 4);
}
