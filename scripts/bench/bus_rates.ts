import { createHash } from "node:crypto";
import { openQueue, type Queue } from "@jobq/jobq";
import {
  ServiceBusClient,
  type ServiceBusMessage,
  type ServiceBusReceivedMessage,
  type ServiceBusSender,
} from "@azure/service-bus";
import type { BusBrokerProcess } from "./bus_broker_process.ts";
import { commandLines, jobsOf } from "./commands.ts";
import { secondsOf } from "./interleave.ts";

const encoder = new TextEncoder();

/** What is measured of each side. */
export interface RateOptions {
  readonly broker: BusBrokerProcess;
  readonly messages: number;
  /** How many jobs are sent at the same time; or are sent, or taken, by one call. */
  readonly width: number;
}

/** One job a call; answers jobs/s. */
export async function jobqPushes({ broker, messages, width }: RateOptions): Promise<number> {
  await using queue = await newQueue(broker);
  await queue.enqueue(jobsOf(["true"]));
  return messages /
    await secondsOf(() => eachAtOnce(commandLines(messages), width, (line) => queue.enqueue(jobsOf([line]))));
}

/** The same without jobq. */
export async function barePushes({ broker, messages, width }: RateOptions): Promise<number> {
  await using bare = await BareQueue.make(broker);
  await bare.warmUp();
  return messages /
    await secondsOf(() =>
      eachAtOnce(commandLines(messages), width, (line) => bare.sender.sendMessages(messageOf(line)))
    );
}

/** So many jobs a call, one call after the other; answers jobs/s. */
export async function jobqBatches({ broker, messages, width }: RateOptions): Promise<number> {
  await using queue = await newQueue(broker);
  await queue.enqueue(jobsOf(["true"]));
  return messages / await secondsOf(async () => {
    for (const lines of inParts(commandLines(messages), width)) await queue.enqueue(jobsOf(lines));
  });
}

/** The same without jobq. */
export async function bareBatches({ broker, messages, width }: RateOptions): Promise<number> {
  await using bare = await BareQueue.make(broker);
  await bare.warmUp();
  return messages / await secondsOf(async () => {
    for (const lines of inParts(commandLines(messages), width)) await bare.sendInBatches(lines);
  });
}

/** Takes jobs and acks them; answers jobs/s. */
export async function jobqTakes({ broker, messages, width }: RateOptions): Promise<number> {
  await using queue = await newQueue(broker);
  await queue.enqueue(jobsOf(commandLines(messages + width)));
  const options = { leaseMs: 300_000, waitMs: 10_000 };
  const take = async (max: number) => {
    const leases = max === 1
      ? [await queue.lease(options) ?? fail()]
      : await queue.leaseMany?.({ ...options, max }) ?? fail();
    await Promise.all(leases.map((lease) => lease.ack()));
    return leases.length;
  };
  return await rateOf(take, { messages, width });
}

/** The same without jobq: at once, so many that the SDK has no reason to wait for more. */
export async function bareTakes({ broker, messages, width }: RateOptions): Promise<number> {
  await using bare = await BareQueue.make(broker);
  await bare.sendInBatches(commandLines(messages + width));
  const { receiver } = bare;
  const take = async (max: number) => {
    const received = await receiver.receiveMessages(max, { maxWaitTimeInMs: 10_000 });
    await Promise.all(received.map((message) => receiver.completeMessage(message)));
    return received.length;
  };
  return await rateOf(take, { messages, width });
}

/** The first take makes the links, and does not count. */
async function rateOf(
  take: (max: number) => Promise<number>,
  { messages, width }: { messages: number; width: number },
): Promise<number> {
  let left = messages + width - await take(width);
  const count = left;
  const seconds = await secondsOf(async () => {
    while (left > 0) left -= await take(Math.min(width, left)) || fail();
  });
  return count / seconds;
}

/** A queue of the broker, opened by jobq. */
export async function newQueue(broker: BusBrokerProcess, name?: string): Promise<Queue> {
  return await openQueue(`sb://${broker.host}/${name ?? await broker.newQueue()}`, {
    azure: { connectionString: broker.connectionString },
    env: () => undefined,
  });
}

/** A queue of the broker, used as the SDK's documentation shows it, with what makes it fast and safe. */
export class BareQueue implements AsyncDisposable {
  readonly sender: ServiceBusSender;
  readonly receiver;
  readonly #client: ServiceBusClient;

  private constructor(client: ServiceBusClient, queue: string) {
    this.#client = client;
    this.sender = client.createSender(queue);
    this.receiver = client.createReceiver(queue, { maxAutoLockRenewalDurationInMs: 0 });
  }

  static async make(broker: BusBrokerProcess, name?: string): Promise<BareQueue> {
    return new BareQueue(new ServiceBusClient(broker.connectionString), name ?? await broker.newQueue());
  }

  /** Has the SDK make the connection and the link. */
  async warmUp(): Promise<void> {
    await this.sender.sendMessages(messageOf("true"));
  }

  async sendInBatches(commands: readonly string[]): Promise<void> {
    let batch = await this.sender.createMessageBatch();
    for (const message of commands.map(messageOf)) {
      if (batch.tryAddMessage(message)) continue;
      await this.sender.sendMessages(batch);
      batch = await this.sender.createMessageBatch();
      batch.tryAddMessage(message);
    }
    await this.sender.sendMessages(batch);
  }

  async next(): Promise<ServiceBusReceivedMessage> {
    const [message] = await this.receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    return message ?? fail();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

/** What jobq makes of a command, byte for byte. */
function messageOf(command: string): ServiceBusMessage {
  const kwargs = `{"cmd": ${JSON.stringify(command)}, "bg_dirsync_to": null, "env": {}}`;
  const head = `{"version": 1, "reply_requested": false, "kwargs": ${
    JSON.stringify(kwargs)
  }, "num_retries": 0`;
  const messageId = createHash("md5").update(`${head}}`).digest("hex");
  return { messageId, body: encoder.encode(`${head}, "id": "${messageId}"}`) };
}

async function eachAtOnce<T>(
  items: readonly T[],
  count: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = items.values();
  await Promise.all(Array.from({ length: count }, async () => {
    for (const item of left) await work(item);
  }));
}

function inParts<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, part) => items.slice(part * size, (part + 1) * size));
}

function fail(): never {
  throw new Error("a message that was sent does not come");
}
