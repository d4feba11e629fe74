import type { QueueProperties, ServiceBusAdministrationClient } from "@azure/service-bus";
import type { Clock } from "../../core/clock.ts";
import { AccessDeniedError, errorMessage, QueueNotFoundError } from "../../core/errors.ts";
import type { Logger } from "../../log/logger.ts";
import { failedCall } from "../azure/failed_call.ts";
import { withRetries } from "../azure/retrying.ts";
import { mayBeDone, translateBusError } from "./bus_errors.ts";
import { differences, type QueueSettings, toCreate } from "./queue_settings.ts";

export interface QueueAdminOptions {
  readonly client: () => ServiceBusAdministrationClient;
  readonly queue: string;
  /** The queue's address, for messages. */
  readonly name: string;
  /** How it is made. */
  readonly settings: QueueSettings;
  readonly patienceMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How many messages a queue has. */
export interface MessageCounts {
  /** Locked ones too. */
  readonly active: number;
  readonly scheduled: number;
  readonly dead: number;
}

const PATIENCE_MS = 10_000;
const TRY_TIMEOUT_MS = 15_000;

/** Makes a queue and looks at it from outside, for which the right to manage is needed. */
export class QueueAdmin {
  readonly #options: QueueAdminOptions;
  #client: ServiceBusAdministrationClient | undefined;

  constructor(options: QueueAdminOptions) {
    this.#options = options;
  }

  /**
   * Makes the queue; answers whether nobody else was faster.
   *
   * @throws {QueueNotFoundError} when that is not allowed
   */
  async create(): Promise<boolean> {
    const { queue, name, settings, log } = this.#options;
    try {
      await this.#call((client) => client.createQueue(queue, toCreate(settings)), { action: "create" });
      log.info(`made the queue ${name}`);
      return true;
    } catch (error) {
      if (failedCall(error).code === "MessageEntityAlreadyExistsError") return false;
      if (!(error instanceof AccessDeniedError)) throw error;
      throw new QueueNotFoundError(
        `Cannot use "${name}": there is no such queue, and the credentials do not allow to make it`,
        {
          hint: 'have it made by somebody with the right "Manage" (az servicebus queue create)',
          cause: error,
        },
      );
    }
  }

  /** @throws {AccessDeniedError, QueueNotFoundError} */
  async counts(signal?: AbortSignal): Promise<MessageCounts> {
    const { queue } = this.#options;
    const found = await this.#call(
      (client, abortSignal) => client.getQueueRuntimeProperties(queue, { abortSignal }),
      { action: "count the jobs of", signal },
    );
    return {
      active: found.activeMessageCount,
      scheduled: found.scheduledMessageCount,
      dead: found.deadLetterMessageCount,
    };
  }

  /** How the queue is; warns once where that is not as it would be made. @throws {AccessDeniedError, QueueNotFoundError} */
  async inspect(signal?: AbortSignal): Promise<QueueProperties> {
    const { queue, name, settings, log } = this.#options;
    const found = await this.#call(
      (client, abortSignal) => client.getQueue(queue, { abortSignal }),
      { action: "look at", signal },
    );
    const told = differences(found, settings);
    if (told.length > 0) {
      log.warn(`${name} was made with other settings, and is not changed: ${told.join("; ")}`);
    }
    return found;
  }

  async #call<T>(
    work: (client: ServiceBusAdministrationClient, signal: AbortSignal) => Promise<T>,
    { action, signal }: { action: string; signal?: AbortSignal },
  ): Promise<T> {
    const { name, patienceMs = Infinity, clock, log } = this.#options;
    const client = this.#client ??= this.#options.client();
    return await withRetries((attempt) => work(client, attempt.signal), {
      patienceMs: Math.min(PATIENCE_MS, patienceMs),
      tryTimeoutMs: TRY_TIMEOUT_MS,
      clock,
      signal,
      mayBeDone,
      translate: (thrown) => translateBusError(thrown, { action, name }),
      onRetry: ({ error, tries, delayMs }) =>
        log.debug(`${errorMessage(error)}; trying again`, { tries, in_ms: Math.round(delayMs) }),
    });
  }
}
