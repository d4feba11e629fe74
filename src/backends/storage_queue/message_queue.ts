import type { PeekedMessageItem, QueueClient, ReceivedMessageItem } from "@azure/storage-queue";
import { onAbort } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import { errorMessage, QueueNotFoundError } from "../../core/errors.ts";
import type { Logger } from "../../log/logger.ts";
import {
  errorCodeOf,
  isLeaseGone,
  isQueueMissing,
  mayBeDone,
  translateStorageError,
} from "../azure/storage_errors.ts";
import { withRetries } from "../azure/retrying.ts";

/** The most messages that the service hands out or shows in one request. */
export const MAX_BATCH = 32;
/** The longest lease and delay: https://learn.microsoft.com/rest/api/storageservices/put-message */
export const MAX_VISIBILITY_MS = 7 * 86_400_000;

/** Proves who holds a message; each change of the message makes a new one. */
export interface Receipt {
  readonly messageId: string;
  readonly popReceipt: string;
}

/** How long a call is repeated. */
export interface Patience {
  readonly patienceMs: number;
  /** How long one try may take. Default 15 s. */
  readonly tryTimeoutMs?: number;
}

/** Of most calls. */
const PATIENCE_MS = 10_000;
/** Of a push, which has nothing to fall back on. */
const PUSH_PATIENCE_MS = 30_000;
const TRY_TIMEOUT_MS = 15_000;

/** A message is not held any more. */
export class MessageGoneError extends Error {
  /** Whether it is still there, changed since by whoever has it now or by ourselves; else it was removed. */
  readonly isThere: boolean;

  constructor(isThere: boolean) {
    super("the message is not held any more");
    this.isThere = isThere;
  }
}

/** Of a call on a held message. */
export interface HeldOptions {
  readonly patience?: Patience;
  /** Told of a try that may have been done although no answer said so. */
  readonly onDoubt?: () => void;
}

export interface MessageQueueOptions {
  readonly client: QueueClient;
  /** The queue's address, for messages. */
  readonly name: string;
  /** Makes the queue when a call finds that there is none; absent, such a call fails. */
  readonly create?: () => Promise<void>;
  /** No call is repeated longer than this. Default: 30 s for a push, 10 s for others. */
  readonly patienceMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * One queue of the service: its calls, repeated where that may help, and with the errors of jobq.
 *
 * A change that takes too long is left to itself instead of being aborted: on a connection that was used before, Deno
 * would send it a second time, unseen (https://github.com/denoland/deno/issues/36786). A renewal would so lose its receipt.
 */
export class MessageQueue {
  readonly name: string;
  readonly #options: MessageQueueOptions;
  #creation: Promise<void> | undefined;

  constructor(options: MessageQueueOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Puts a message there for ever, visible after the delay. */
  async send(
    text: string,
    { delayMs = 0, signal }: { delayMs?: number; signal?: AbortSignal } = {},
  ): Promise<Receipt> {
    const visibilityTimeout = secondsOf(delayMs);
    return await this.#call(
      () => this.#options.client.sendMessage(text, { messageTimeToLive: -1, visibilityTimeout }),
      { action: "push to", patience: { patienceMs: PUSH_PATIENCE_MS }, signal },
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
    const between = new AbortController();
    let isAsking = false;
    const stop = () => isAsking || between.abort(signal?.reason);
    using _ = signal && onAbort(signal, stop);
    const { receivedMessageItems } = await this.#call(async () => {
      isAsking = true;
      try {
        return await this.#options.client.receiveMessages({
          numberOfMessages,
          visibilityTimeout,
        });
      } catch (error) {
        isAsking = false;
        if (signal?.aborted) stop();
        throw error;
      }
    }, { action: "take a job from", signal: between.signal });
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
    const updated = await this.#repeat(
      () => this.#options.client.updateMessage(messageId, popReceipt, text, seconds),
      { action: "update a job of", isHeld: true, ...options },
    );
    return { messageId, popReceipt: updated.popReceipt ?? popReceipt };
  }

  /** Removes a held message. @throws {MessageGoneError} */
  async delete({ messageId, popReceipt }: Receipt, options: HeldOptions = {}): Promise<void> {
    await this.#repeat(
      () => this.#options.client.deleteMessage(messageId, popReceipt),
      { action: "remove a job from", isHeld: true, ...options },
    );
  }

  /** Up to 32 visible messages, untouched. */
  async peek(limit: number, signal?: AbortSignal): Promise<readonly PeekedMessageItem[]> {
    const numberOfMessages = Math.min(limit, MAX_BATCH);
    if (numberOfMessages < 1) return [];
    const { peekedMessageItems } = await this.#call(
      (abortSignal) => this.#options.client.peekMessages({ numberOfMessages, abortSignal }),
      { action: "read", signal },
    );
    return peekedMessageItems;
  }

  /** About how many messages there are, hidden ones too; never less than there are. */
  async count(signal?: AbortSignal): Promise<number> {
    const { approximateMessagesCount } = await this.#call(
      (abortSignal) => this.#options.client.getProperties({ abortSignal }),
      { action: "read", signal },
    );
    return approximateMessagesCount ?? 0;
  }

  /** Makes the queue unless it is there. */
  async createIfNotExists(): Promise<void> {
    await this.#repeat(
      (abortSignal) => this.#options.client.createIfNotExists({ abortSignal }),
      { action: "create" },
    );
  }

  /** A call that makes the queue where there is none. */
  async #call<T>(call: (signal: AbortSignal) => Promise<T>, options: CallOptions): Promise<T> {
    const { create } = this.#options;
    try {
      return await this.#repeat(call, options);
    } catch (error) {
      if (create === undefined || !(error instanceof QueueNotFoundError)) throw error;
      // Of many at once, one makes it.
      await (this.#creation ??= create().finally(() => this.#creation = undefined));
      return await this.#repeat(call, options);
    }
  }

  async #repeat<T>(
    call: (signal: AbortSignal) => Promise<T>,
    { action, patience: own, signal, isHeld = false, onDoubt }: CallOptions,
  ): Promise<T> {
    const { name, clock, log, patienceMs = Infinity } = this.#options;
    const { patienceMs: ownMs, tryTimeoutMs = TRY_TIMEOUT_MS } = own ?? { patienceMs: PATIENCE_MS };
    return await withRetries((attempt) => call(attempt.signal), {
      patienceMs: Math.min(ownMs, patienceMs),
      tryTimeoutMs,
      clock,
      signal,
      translate: (thrown) => {
        if (mayBeDone(thrown)) onDoubt?.();
        if (isHeld && (isLeaseGone(thrown) || isQueueMissing(thrown))) {
          return new MessageGoneError(errorCodeOf(thrown) === "PopReceiptMismatch");
        }
        return translateStorageError(thrown, { action, name });
      },
      onRetry: ({ error, tries, delayMs }) =>
        log.debug(`${errorMessage(error)}; trying again`, { tries, in_ms: Math.round(delayMs) }),
    });
  }
}

interface CallOptions extends HeldOptions {
  /** For messages: "push to". */
  readonly action: string;
  readonly signal?: AbortSignal;
  /** The call is on a held message, which is gone when its whole queue is. */
  readonly isHeld?: boolean;
}

/** The service counts whole seconds: rounded up, since a lease must not end before its holder thinks so. */
function secondsOf(ms: number): number {
  return Math.ceil(ms / 1000);
}
