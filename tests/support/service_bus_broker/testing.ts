import {
  ServiceBusClient,
  ServiceBusError,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
} from "@azure/service-bus";
import { assert } from "../assert.ts";
import { type BrokerOptions, ServiceBusBroker } from "./broker.ts";

/** A broker with an empty queue "q" and a client of it, closed together. */
export class Connected implements AsyncDisposable {
  readonly broker: ServiceBusBroker;
  readonly client: ServiceBusClient;

  private constructor(broker: ServiceBusBroker, timeoutMs: number) {
    this.broker = broker;
    this.client = newClient(broker.connectionString, { timeoutMs });
  }

  /** @param options `timeoutMs` is the client's, after which it gives up */
  static async start(options: BrokerOptions & { readonly timeoutMs?: number } = {}): Promise<Connected> {
    const { timeoutMs = 4_000 } = options;
    return new Connected(await ServiceBusBroker.start({ queues: ["q"], ...options }), timeoutMs);
  }

  /** Sends one message a body, with ids "1", "2" and so on. */
  async send(...bodies: readonly string[]): Promise<void> {
    const sender = this.client.createSender("q");
    await sender.sendMessages(bodies.map((body, index) => ({ body, messageId: `${index + 1}` })));
    await sender.close();
  }

  /** With no renewal of its own. */
  receiver(options: { readonly subQueueType?: "deadLetter" } = {}): ServiceBusReceiver {
    return this.client.createReceiver("q", { ...options, maxAutoLockRenewalDurationInMs: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.broker[Symbol.asyncDispose]();
  }
}

/** Closes the client in any case. */
export async function withClient<T>(
  connectionString: string,
  use: (client: ServiceBusClient) => Promise<T>,
): Promise<T> {
  const client = newClient(connectionString);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** Fails soon and does not try again, unless told. */
export function newClient(
  connectionString: string,
  { timeoutMs = 4_000, maxRetries = 0 }: { timeoutMs?: number; maxRetries?: number } = {},
): ServiceBusClient {
  return new ServiceBusClient(connectionString, {
    retryOptions: { maxRetries, retryDelayInMs: 5, timeoutInMs: timeoutMs },
  });
}

/** The ids of messages, in order. */
export function ids(messages: readonly { readonly messageId?: unknown }[]): string[] {
  return messages.map(({ messageId }) => String(messageId));
}

/** The next message, which there must be. */
export async function receiveOne(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 4_000 });
  assert(message !== undefined, "no message came");
  return message;
}

/**
 * Calls again until it succeeds, as callers must: the SDK does not try again when a connection breaks while it is
 * set up, and waits for a minute for the answer to its token.
 */
export async function patiently<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  for (let left = 5;; left--) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), 1_000);
    try {
      return await call(abort.signal);
    } catch (error) {
      if (left === 0) throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The code of the error with which the service refuses. */
export async function refusalOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ServiceBusError) return error.code;
    throw error;
  }
  throw new Error("it was not refused");
}
