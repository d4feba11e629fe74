import { DONE, onAbort } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import { BackendError, errorMessage, isTransient, UsageError } from "../../core/errors.ts";
import { retryDelayMs, type RetryPolicy } from "../../core/retry_policy.ts";
import type { Logger } from "../../log/logger.ts";
import type { Connect } from "./channel.ts";
import { Connection, type RequestOptions } from "./connection.ts";
import { LostCall } from "./lost_call.ts";
import { FrameTooLargeError } from "./frames.ts";
import type { MethodName, Params, Result } from "./messages.ts";
import { orAborted } from "./or_aborted.ts";

/** How long a call goes on trying to reach the other side, in ms. */
export const PATIENCE_MS = 30_000;

const BACKOFF: Partial<RetryPolicy> = { baseMs: 250, capMs: 10_000 };

export interface LinkOptions {
  /** The queue's address, without secrets. */
  readonly name: string;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface UseOptions {
  /** For errors: `push to`. */
  readonly action: string;
  readonly signal?: AbortSignal;
  /** It does no harm to do it twice: done again where the answer got lost. */
  readonly repeat?: boolean;
  /** How to find out whether it was done, where it is not done again and the answer got lost. */
  readonly doubt?: string;
  /** How long the call may take in all, in ms. Default: for as long as the other side is there. */
  readonly limitMs?: number;
}

/** The way to the other side: one connection at a time, made anew by the next call when it was lost. */
export class Link implements AsyncDisposable {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly #connect: Connect;
  readonly #closed = new AbortController();
  #current: Connection | undefined;
  #connecting: Promise<Connection> | undefined;
  /** Tries to connect that failed since the last that did not. */
  #failures = 0;

  constructor(connect: Connect, { name, log, clock }: LinkOptions) {
    this.name = name;
    this.clock = clock;
    this.log = log;
    this.#connect = connect;
  }

  /** The connection, made if there is none. @throws {JobqError} why there can be none; the reason of the signal */
  async connection(signal?: AbortSignal): Promise<Connection> {
    signal?.throwIfAborted();
    if (this.#current?.isOpen) return this.#current;
    if (this.#closed.signal.aborted) throw this.#closed.signal.reason;
    this.#connecting ??= this.#open().finally(() => this.#connecting = undefined);
    return await orAborted(this.#connecting, signal);
  }

  /** Asks for one thing. @throws as `use()` */
  async call<Name extends MethodName>(
    method: Name,
    params: Params<Name> | (() => Params<Name>),
    { lingerMs, ...options }: UseOptions & Pick<RequestOptions<Name>, "lingerMs">,
  ): Promise<Result<Name>> {
    return await this.use(
      (connection, signal) =>
        connection.request(method, typeof params === "function" ? params() : params, { signal, lingerMs }),
      options,
    );
  }

  /**
   * Does something by a live connection. Where that is lost before anything was sent, or `repeat` says that this does
   * no harm, it is done again by the next one, for up to 30 s.
   *
   * @throws {BackendError} transient when the other side cannot be reached, with `mayBeDone` when it may have been done;
   * what the other side answers; the reason of the signal
   */
  async use<T>(
    work: (connection: Connection, signal: AbortSignal | undefined) => Promise<T>,
    options: UseOptions,
  ): Promise<T> {
    const { limitMs, action, signal } = options;
    if (limitMs === undefined) return await this.#persist(work, options);
    const own = new AbortController();
    const done = new AbortController();
    using _ = signal && onAbort(signal, () => own.abort(signal.reason));
    void this.clock.sleep(limitMs, done.signal).then(() => {
      if (done.signal.aborted) return;
      own.abort(this.#failed(action, "no answer came in time", { transient: true, mayBeDone: true }));
    });
    try {
      return await this.#persist(work, { ...options, signal: own.signal });
    } finally {
      done.abort(DONE);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed.signal.aborted) {
      this.#closed.abort(new BackendError(`Cannot use "${this.name}": it was closed`));
    }
    await this.#connecting?.catch(() => {});
    await this.#current?.close();
  }

  async #persist<T>(
    work: (connection: Connection, signal: AbortSignal | undefined) => Promise<T>,
    options: UseOptions,
  ): Promise<T> {
    const { signal, repeat = false } = options;
    let deadline = this.clock.now() + PATIENCE_MS;
    for (let tries = 1;; tries++) {
      let livedSince: number | undefined;
      try {
        const connection = await this.connection(signal);
        livedSince = this.clock.now();
        return await work(connection, signal);
      } catch (error) {
        signal?.throwIfAborted();
        const now = this.clock.now();
        // A call may have waited for hours: this is a new outage then.
        if (livedSince !== undefined && now - livedSince > PATIENCE_MS) {
          [deadline, tries] = [now + PATIENCE_MS, 1];
        }
        // What the other side answers is the caller's business, as it would be without a connection.
        const mayPass = error instanceof LostCall
          ? error.mayPass && (repeat || !error.wasSent)
          : livedSince === undefined && isTransient(error);
        const delayMs = retryDelayMs(tries, BACKOFF);
        const isLast = now + delayMs >= deadline || this.#closed.signal.aborted;
        if (isLast || !mayPass) throw this.#explain(error, options);
        await this.clock.sleep(
          delayMs,
          signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal,
        );
        signal?.throwIfAborted();
      }
    }
  }

  async #open(): Promise<Connection> {
    const { signal } = this.#closed;
    const isFirst = this.#current === undefined;
    // Each of many calls that fail soon would start another process.
    if (this.#failures > 0) await this.clock.sleep(retryDelayMs(this.#failures, BACKOFF), signal);
    else if (!isFirst) this.log.warn(`the connection to ${this.name} was lost; connecting again`);
    try {
      signal.throwIfAborted();
      const channel = await this.#connect(signal);
      this.#current = await Connection.open(channel, { name: this.name, clock: this.clock, signal });
      this.#failures = 0;
      if (!isFirst) this.log.info(`connected to ${this.name} again`);
      return this.#current;
    } catch (error) {
      this.#failures++;
      throw error;
    }
  }

  /** The error that the caller gets. */
  #explain(error: unknown, { action, doubt, repeat = false }: UseOptions): unknown {
    if (error instanceof FrameTooLargeError) {
      return new UsageError(
        `Cannot ${action} "${this.name}": that is ${error.bytes} bytes, and at most ${error.maxBytes} go at a time`,
        { hint: "do it in several parts", cause: error },
      );
    }
    if (!(error instanceof LostCall)) return error;
    const { cause, mayPass, wasSent } = error;
    const mayBeDone = wasSent && !repeat;
    const hint = mayBeDone
      ? `it is not known whether it was done: ${doubt ?? "look before you do it again"}`
      : cause.hint;
    if (!mayPass) return mayBeDone ? new BackendError(cause.message, { hint, mayBeDone, cause }) : cause;
    const when = mayBeDone ? " before the answer came" : "";
    const reason = `the connection was lost${when} (${errorMessage(cause)})`;
    return this.#failed(action, reason, { transient: true, mayBeDone, hint, cause });
  }

  #failed(
    action: string,
    reason: string,
    options: ConstructorParameters<typeof BackendError>[1],
  ): BackendError {
    return new BackendError(`Cannot ${action} "${this.name}": ${reason}`, options);
  }
}
