import type { Clock } from "../../core/clock.ts";
import { BackendError, errorMessage } from "../../core/errors.ts";
import type { Logger } from "../../log/logger.ts";
import { failedCall } from "../azure/failed_call.ts";
import { withRetries } from "../azure/retrying.ts";
import type { BusAccess, Transport } from "./bus_access.ts";
import { busClient } from "./bus_client.ts";
import { isUnreachable, mayBeDone, mayPassOnNewConnection, translateBusError } from "./bus_errors.ts";
import { LiveClient } from "./live_client.ts";

export interface BusConnectionOptions {
  readonly access: BusAccess;
  readonly queue: string;
  /** The queue's address, for messages. */
  readonly name: string;
  /** No call is repeated longer than this, in ms. Default: what each call has. */
  readonly patienceMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long a call is repeated. */
export interface Patience {
  readonly patienceMs: number;
  /** How long one try may take. Default 8 s. */
  readonly tryTimeoutMs?: number;
  /** How much longer both are, since the call waits for something itself, in ms. Default 0. */
  readonly waitMs?: number;
}

export interface BusCallOptions {
  /** For messages: "push to". */
  readonly action: string;
  readonly patience?: Patience;
  readonly signal?: AbortSignal;
  /** As of `withRetries`. */
  readonly endsTries?: boolean;
  /** Told of a try that may have been done although no answer said so. */
  readonly onDoubt?: () => void;
}

/** A connection that went dead without a word costs one try: there has to be time for another. */
const USUAL: Patience = { patienceMs: 20_000 };
const TRY_TIMEOUT_MS = 8_000;

/**
 * The way to a namespace. A call that fails for a reason of the connection is repeated on a new one: what is under way
 * on one that breaks ends at once, instead of waiting for answers that cannot come.
 */
export class BusConnection implements AsyncDisposable {
  readonly #options: BusConnectionOptions;
  readonly #closed = new AbortController();
  readonly #closing = new Set<Promise<void>>();
  #live: LiveClient | undefined;
  #transport: Transport;
  /** Whether the service was reached by the transport that is in use: then an outage is no reason to use another. */
  #isProven = false;
  #hasTold = false;

  constructor(options: BusConnectionOptions) {
    this.#options = options;
    this.#transport = options.access.transport ?? "amqp";
  }

  /** Makes a call, and repeats it for as long as that may help. @throws {JobqError} */
  async call<T>(
    work: (client: LiveClient) => Promise<T>,
    { action, patience = USUAL, signal, endsTries, onDoubt }: BusCallOptions,
  ): Promise<T> {
    const { name, clock, log, patienceMs = Infinity } = this.#options;
    const { tryTimeoutMs = TRY_TIMEOUT_MS, waitMs = 0 } = patience;
    return await withRetries(({ timeoutMs }) => this.#try(work, { timeoutMs, signal, endsTries }), {
      patienceMs: Math.min(patience.patienceMs, patienceMs) + waitMs,
      tryTimeoutMs: tryTimeoutMs + waitMs,
      limitsItself: true,
      clock,
      signal: signal ?? this.#closed.signal,
      mayBeDone,
      translate: (thrown) => {
        if (mayBeDone(thrown)) onDoubt?.();
        return translateBusError(thrown, { action, name });
      },
      onRetry: ({ error, tries, delayMs }) =>
        log.debug(`${errorMessage(error)}; trying again`, { tries, in_ms: Math.round(delayMs) }),
    });
  }

  /** Ends all calls that are under way; later ones are refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new BackendError(`Cannot use "${this.#options.name}": it is closed`));
    await Promise.all([this.#live?.close(), ...this.#closing]);
  }

  async #try<T>(
    work: (client: LiveClient) => Promise<T>,
    { timeoutMs, signal, endsTries = true }: { timeoutMs: number; signal?: AbortSignal; endsTries?: boolean },
  ): Promise<T> {
    this.#closed.signal.throwIfAborted();
    const client = this.#current();
    try {
      return await client.run(() => work(client), {
        timeoutMs,
        signal: endsTries ? signal : undefined,
        onLate: () => {
          this.#discard(client);
          if (!client.wasOpen) this.#useOtherTransport("no answer came in time");
        },
      });
    } catch (thrown) {
      this.#closed.signal.throwIfAborted();
      if (mayPassOnNewConnection(thrown)) this.#discard(client);
      if (!client.wasOpen && isUnreachable(thrown)) this.#useOtherTransport(failedCall(thrown).message);
      throw thrown;
    } finally {
      this.#isProven ||= client.wasOpen;
    }
  }

  #current(): LiveClient {
    if (this.#live !== undefined && !this.#live.isOver) return this.#live;
    const { access, queue } = this.#options;
    const options = { transport: this.#transport, timeoutMs: TRY_TIMEOUT_MS };
    if (this.#live !== undefined) this.#discard(this.#live);
    return this.#live = new LiveClient(busClient(access, options), queue);
  }

  #discard(client: LiveClient): void {
    if (this.#live === client) this.#live = undefined;
    client.break();
    const closed = client.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  /** Some networks let nothing out but what looks like the web; then again it may be the service that is away. */
  #useOtherTransport(reason: string): void {
    const { access, name, log } = this.#options;
    if (access.transport !== undefined || this.#isProven) return;
    const next = this.#transport === "amqp" ? "ws" : "amqp";
    if (!this.#hasTold) {
      log.info(`${name} cannot be reached by AMQP; trying WebSockets`, { reason });
      this.#hasTold = true;
    }
    this.#transport = next;
  }
}
