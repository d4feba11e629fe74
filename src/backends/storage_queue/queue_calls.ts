import type { Clock } from "../../core/clock.ts";
import { errorMessage, QueueNotFoundError } from "../../core/errors.ts";
import type { Logger } from "../../log/logger.ts";
import { withRetries } from "../azure/retrying.ts";
import {
  errorCodeOf,
  isLeaseGone,
  isQueueMissing,
  mayBeDone,
  translateStorageError,
} from "../azure/storage_errors.ts";

/** How long a call is repeated. */
export interface Patience {
  readonly patienceMs: number;
  /** How long one try may take. Default 15 s. */
  readonly tryTimeoutMs?: number;
}

const USUAL: Patience = { patienceMs: 10_000 };
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

export interface QueueCallsOptions {
  /** The queue's address, for messages. */
  readonly name: string;
  /** Makes the queue when a call finds that there is none; absent, such a call fails. */
  readonly create?: () => Promise<void>;
  /** No call is repeated longer than this. Default: 30 s for a push, 10 s for others. */
  readonly patienceMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Of a call on a held message. */
export interface HeldOptions {
  readonly patience?: Patience;
  /** Told of a try that may have been done although no answer said so. */
  readonly onDoubt?: () => void;
}

export interface CallOptions extends HeldOptions {
  /** For messages: "push to". */
  readonly action: string;
  readonly signal?: AbortSignal;
  /** As of `withRetries`. */
  readonly endsTries?: boolean;
  /** The call is on a held message, which is gone when its whole queue is. */
  readonly isHeld?: boolean;
}

/** The calls of the SDK on one queue: repeated where that may help, and with the errors of jobq. */
export class QueueCalls {
  readonly #options: QueueCallsOptions;
  #creation: Promise<void> | undefined;

  constructor(options: QueueCallsOptions) {
    this.#options = options;
  }

  /** Makes a call, and the queue where there is none. */
  async make<T>(call: (signal: AbortSignal) => Promise<T>, options: CallOptions): Promise<T> {
    const { create } = this.#options;
    try {
      return await this.repeat(call, options);
    } catch (error) {
      if (create === undefined || !(error instanceof QueueNotFoundError)) throw error;
      // Of many at once, one makes it.
      await (this.#creation ??= create().finally(() => this.#creation = undefined));
      return await this.repeat(call, options);
    }
  }

  /** Makes a call on what is there. */
  async repeat<T>(
    call: (signal: AbortSignal) => Promise<T>,
    { action, patience: own, signal, endsTries, isHeld = false, onDoubt }: CallOptions,
  ): Promise<T> {
    const { name, clock, log, patienceMs = Infinity } = this.#options;
    const { patienceMs: ownMs, tryTimeoutMs = TRY_TIMEOUT_MS } = own ?? USUAL;
    return await withRetries((attempt) => call(attempt.signal), {
      patienceMs: Math.min(ownMs, patienceMs),
      tryTimeoutMs,
      clock,
      signal,
      endsTries,
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
