import type {
  ServiceBusMessage,
  ServiceBusMessageBatch,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from "@azure/service-bus";
import Long from "long";
import { QueueNotFoundError } from "../../core/errors.ts";
import { failedCall } from "../azure/failed_call.ts";
import type { BusCallOptions, BusConnection, Patience } from "./bus_connection.ts";
import { isLockLost, isQueueMissing } from "./bus_errors.ts";
import type { LiveClient, Part } from "./live_client.ts";
import { messageOfToken } from "./sdk_internals.ts";

/** The lock of a message is lost: somebody else may have it, or it was removed. */
export class LockLostError extends Error {
  constructor() {
    super("the lock of the message is lost");
  }
}

/** A message as it was received, and by which connection. */
export interface Received {
  readonly message: ServiceBusReceivedMessage;
  readonly client: LiveClient;
  readonly part: Part;
}

/** A message in all the parts that AMQP knows. */
export type AnnotatedMessage = ServiceBusReceivedMessage["_rawAmqpMessage"];

/** What is done with a message whose lock we have. */
export type Settlement = (
  receiver: ServiceBusReceiver,
  message: ServiceBusReceivedMessage,
) => Promise<unknown>;

export interface SettleOptions {
  readonly patience?: Patience;
  /** Told of a try that may have been done although no answer said so. */
  readonly onDoubt?: () => void;
}

export interface ServiceQueueOptions {
  readonly connection: BusConnection;
  /** Makes the queue when a call finds that there is none; absent, such a call fails. */
  readonly create?: () => Promise<void>;
}

/** The most messages that are packed into one batch, asked for in one peek, and removed at once. */
const MAX_PACKED = 1_000;
const MAX_PEEKED = 250;
const MAX_DROPPED = 500;
/** A push has nothing to fall back on. */
const PUSH_PATIENCE: Patience = { patienceMs: 30_000 };
/** A receive is repeated for as long, beside the time for which it waits for a message, in ms. */
const RECEIVE_MS = 10_000;

/** The service's calls on one queue and its dead letters. */
export class ServiceQueue {
  readonly #connection: BusConnection;
  readonly #create: (() => Promise<void>) | undefined;
  #creation: Promise<void> | undefined;

  constructor({ connection, create }: ServiceQueueOptions) {
    this.#connection = connection;
    this.#create = create;
  }

  /**
   * Packs messages, in their order, into as few batches as hold them.
   *
   * @param tooLarge makes the error for a message that fits into none
   */
  async pack(
    messages: readonly ServiceBusMessage[],
    { tooLarge, signal }: { tooLarge: (index: number, maxBytes: number) => Error; signal?: AbortSignal },
  ): Promise<readonly ServiceBusMessageBatch[]> {
    return await this.#make(async ({ sender }) => {
      const batches = [];
      let batch = await sender.createMessageBatch();
      for (const [index, message] of messages.entries()) {
        if (batch.count < MAX_PACKED && batch.tryAddMessage(message)) continue;
        if (batch.count > 0) batches.push(batch);
        batch = await sender.createMessageBatch();
        if (!batch.tryAddMessage(message)) throw tooLarge(index, batch.maxSizeInBytes);
      }
      return [...batches, batch];
    }, { action: "push to", patience: PUSH_PATIENCE, signal });
  }

  /** Puts a message there, or a batch, all of it or nothing. */
  async send(
    messages: ServiceBusMessage | AnnotatedMessage | ServiceBusMessageBatch,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#make(
      ({ sender }) => sender.sendMessages(messages),
      { action: "push to", patience: PUSH_PATIENCE, signal },
    );
  }

  /** Puts a message there at an instant, ms since the epoch; answers its number until then. */
  async schedule(message: AnnotatedMessage, at: number): Promise<Long> {
    const [number = Long.ZERO] = await this.#make(
      ({ sender }) => sender.scheduleMessages(message, new Date(at)),
      { action: "push to", patience: PUSH_PATIENCE },
    );
    return number;
  }

  /** Removes those of some messages that are still scheduled; answers how many. */
  async cancelScheduled(numbers: readonly Long[]): Promise<number> {
    if (numbers.length === 0) return 0;
    try {
      await this.#connection.call(
        ({ sender }) => sender.cancelScheduledMessages([...numbers]),
        { action: "remove jobs from" },
      );
      return numbers.length;
    } catch (error) {
      if (failedCall(error).code !== "MessageNotFound") throw error;
      // One of them has come due, which says nothing about the others.
      if (numbers.length === 1) return 0;
      let count = 0;
      for (const number of numbers) count += await this.cancelScheduled([number]);
      return count;
    }
  }

  /**
   * Takes up to `max` messages that are there, or waits for the first. The signal ends the wait, and none that is on its
   * way goes unheard: what has come is answered.
   */
  async receive(
    part: Part,
    { max, waitMs, signal }: { max: number; waitMs: number; signal?: AbortSignal },
  ): Promise<readonly Received[]> {
    return await this.#make(async (client) => {
      const messages = await client.receive(part, { max, waitMs, signal });
      return messages.map((message) => ({ message, client, part }));
    }, {
      action: "take a job from",
      patience: { patienceMs: RECEIVE_MS, waitMs },
      signal,
      endsTries: false,
    });
  }

  /** Removes a message, by the link by which it came, or by its lock's token when that is gone. @throws {LockLostError} */
  async complete({ message, client, part }: Received, options: SettleOptions = {}): Promise<void> {
    let isFirst = true;
    await this.#whileLocked((live) => {
      const byLink = isFirst && live === client;
      isFirst = false;
      return live.settler(part).completeMessage(byLink ? message : byToken(message));
    }, { action: "remove a job from", ...options });
  }

  /**
   * Does something else with a message, by its lock's token alone: of two messages that are settled by their links at the
   * same moment, the SDK's library tells the service that both came to what the first did.
   *
   * @throws {LockLostError}
   */
  async settle(
    { message, part }: Received,
    settlement: Settlement,
    options: SettleOptions = {},
  ): Promise<void> {
    await this.#whileLocked(
      (live) => settlement(live.settler(part), byToken(message)),
      { action: "update a job of", ...options },
    );
  }

  /** Renews the lock of a message; answers until when, by the service's clock. @throws {LockLostError} */
  async renew({ message, client, part }: Received, patience?: Patience): Promise<Date> {
    return await this.#whileLocked((live) => {
      // The name of its link, while that is there, leads the service to where the lock is kept.
      const known = live === client ? message : byToken(message);
      return live.settler(part).renewMessageLock(known);
    }, { action: "renew the lease of a job of", patience });
  }

  /** Up to `count` messages from a number on, whatever becomes of them, untouched. Fewer does not mean that these are all. */
  async peek(
    part: Part,
    { from, count, signal }: { from: Long; count: number; signal?: AbortSignal },
  ): Promise<readonly ServiceBusReceivedMessage[]> {
    return await this.#make(
      (client) =>
        client.settler(part).peekMessages(Math.min(count, MAX_PEEKED), { fromSequenceNumber: from }),
      { action: "read", signal },
    );
  }

  /** Every message, in the order of their numbers. */
  async *peekAll(part: Part, signal?: AbortSignal): AsyncGenerator<ServiceBusReceivedMessage> {
    for (let from = Long.ZERO;;) {
      const messages = await this.peek(part, { from, count: MAX_PEEKED, signal });
      yield* messages;
      const last = messages.at(-1)?.sequenceNumber;
      if (last === undefined) return;
      from = last.add(1);
    }
  }

  /** Whether a message is still there, whoever has its lock. */
  async has({ message, part }: Received): Promise<boolean> {
    const { sequenceNumber } = message;
    if (sequenceNumber === undefined) return true;
    const [found] = await this.peek(part, { from: sequenceNumber, count: 1 });
    return found?.sequenceNumber?.equals(sequenceNumber) === true;
  }

  /** Removes some of the messages that nobody has the lock of; answers how many: none when none came within `waitMs`. */
  async drop(waitMs: number): Promise<number> {
    return await this.#connection.call((client) => client.drop(MAX_DROPPED, waitMs), { action: "clear" });
  }

  async #whileLocked<T>(work: (client: LiveClient) => Promise<T>, options: BusCallOptions): Promise<T> {
    try {
      return await this.#connection.call(work, options);
    } catch (error) {
      throw isLockLost(error) || isQueueMissing(error) ? new LockLostError() : error;
    }
  }

  /** Makes a call, and the queue where there is none. */
  async #make<T>(work: (client: LiveClient) => Promise<T>, options: BusCallOptions): Promise<T> {
    try {
      return await this.#connection.call(work, options);
    } catch (error) {
      const create = this.#create;
      if (create === undefined || !(error instanceof QueueNotFoundError)) throw error;
      // Of many at once, one makes it.
      await (this.#creation ??= create().finally(() => this.#creation = undefined));
      return await this.#connection.call(work, options);
    }
  }
}

function byToken({ lockToken = "" }: ServiceBusReceivedMessage): ServiceBusReceivedMessage {
  return messageOfToken(lockToken);
}
