import type { PeekedMessageItem, QueueClient, ReceivedMessageItem } from "@azure/storage-queue";
import { type HeldOptions, type Patience, QueueCalls, type QueueCallsOptions } from "./queue_calls.ts";

/** The most messages that the service hands out or shows in one request. */
export const MAX_BATCH = 32;
/** The longest lease and delay: https://learn.microsoft.com/rest/api/storageservices/put-message */
export const MAX_VISIBILITY_MS = 7 * 86_400_000;

/** Proves who holds a message; each change of the message makes a new one. */
export interface Receipt {
  readonly messageId: string;
  readonly popReceipt: string;
}

/** A push has nothing to fall back on. */
const PUSH_PATIENCE: Patience = { patienceMs: 30_000 };

export interface MessageQueueOptions extends QueueCallsOptions {
  readonly client: QueueClient;
}

/**
 * One queue of the service.
 *
 * A change that takes too long is left to itself instead of being aborted: through an HTTP proxy (see `singleSend`) Deno
 * would then send it a second time, unseen, and a renewal's receipt be lost.
 */
export class MessageQueue {
  readonly name: string;
  readonly #client: QueueClient;
  readonly #calls: QueueCalls;

  constructor({ client, ...options }: MessageQueueOptions) {
    this.name = options.name;
    this.#client = client;
    this.#calls = new QueueCalls(options);
  }

  /** Puts a message there for ever, visible after the delay. */
  async send(
    text: string,
    { delayMs = 0, signal }: { delayMs?: number; signal?: AbortSignal } = {},
  ): Promise<Receipt> {
    const visibilityTimeout = secondsOf(delayMs);
    return await this.#calls.make(
      () => this.#client.sendMessage(text, { messageTimeToLive: -1, visibilityTimeout }),
      { action: "push to", patience: PUSH_PATIENCE, signal },
    );
  }

  /**
   * Takes up to `max` messages for `leaseMs`. The signal ends the waits between tries, never a try: an answer that
   * nobody hears would hide its messages for the whole lease.
   */
  async receive(
    max: number,
    leaseMs: number,
    signal?: AbortSignal,
  ): Promise<readonly ReceivedMessageItem[]> {
    const numberOfMessages = Math.min(max, MAX_BATCH);
    const visibilityTimeout = secondsOf(leaseMs);
    const { receivedMessageItems } = await this.#calls.make(
      () => this.#client.receiveMessages({ numberOfMessages, visibilityTimeout }),
      { action: "take a job from", signal, endsTries: false },
    );
    return receivedMessageItems;
  }

  /**
   * Changes when a held message becomes visible again, and its text if one is given; answers the new receipt.
   *
   * @throws {MessageGoneError}
   */
  async update(
    { messageId, popReceipt }: Receipt,
    { text, visibleInMs, ...options }: HeldOptions & { text?: string; visibleInMs: number },
  ): Promise<Receipt> {
    const seconds = secondsOf(visibleInMs);
    const updated = await this.#calls.repeat(
      () => this.#client.updateMessage(messageId, popReceipt, text, seconds),
      { action: "update a job of", isHeld: true, ...options },
    );
    return { messageId, popReceipt: updated.popReceipt ?? popReceipt };
  }

  /** Removes a held message. @throws {MessageGoneError} */
  async delete({ messageId, popReceipt }: Receipt, options: HeldOptions = {}): Promise<void> {
    await this.#calls.repeat(
      () => this.#client.deleteMessage(messageId, popReceipt),
      { action: "remove a job from", isHeld: true, ...options },
    );
  }

  /** Up to 32 visible messages, untouched. */
  async peek(limit: number, signal?: AbortSignal): Promise<readonly PeekedMessageItem[]> {
    const numberOfMessages = Math.min(limit, MAX_BATCH);
    if (numberOfMessages < 1) return [];
    const { peekedMessageItems } = await this.#calls.make(
      (abortSignal) => this.#client.peekMessages({ numberOfMessages, abortSignal }),
      { action: "read", signal },
    );
    return peekedMessageItems;
  }

  /** About how many messages there are, hidden ones too; never less than there are. */
  async count(signal?: AbortSignal): Promise<number> {
    const { approximateMessagesCount } = await this.#calls.make(
      (abortSignal) => this.#client.getProperties({ abortSignal }),
      { action: "read", signal },
    );
    return approximateMessagesCount ?? 0;
  }

  /** Makes the queue unless it is there. */
  async createIfNotExists(): Promise<void> {
    await this.#calls.repeat(
      (abortSignal) => this.#client.createIfNotExists({ abortSignal }),
      { action: "create" },
    );
  }
}

/** The service counts whole seconds: rounded up, since a lease must not end before its holder thinks so. */
function secondsOf(ms: number): number {
  return Math.ceil(ms / 1000);
}
