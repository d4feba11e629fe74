import { DONE } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import { BackendError, errorMessage } from "../../core/errors.ts";
import type { Queue } from "../../core/queue.ts";
import type { Logger } from "../../log/logger.ts";
import { type FrameReader, FrameTooLargeError, type FrameWriter } from "./frames.ts";
import type { Answer, ClientMessage, MethodName, Request, ServerMessage } from "./messages.ts";
import { encodeError } from "./remote_errors.ts";
import { ServedLeases } from "./served_leases.ts";
import { ServedLogs } from "./served_logs.ts";
import { type CallContext, type ServedMethods, servedMethods } from "./served_methods.ts";

/** Nothing more is read while this much waits to be written, in bytes: whoever asks for a lot has to listen. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** … and while this many requests are under way, other than those that wait for something to happen. */
const MAX_CALLS = 32;
const WAITING: ReadonlySet<string> = new Set<MethodName>(["lease", "leaseMany", "wait"]);
/** How long answers are still written after the other side has said its last, in ms. */
const LAST_WORDS_MS = 5_000;

/** The reason given to calls that nobody waits for any more. */
const GIVEN_UP = new BackendError("nobody waits for it any more");

export interface SessionOptions {
  readonly writer: FrameWriter;
  readonly log: Logger;
  readonly clock: Clock;
}

/** One side's talk with a queue: does what is asked for, many things at a time. */
export class Session implements AsyncDisposable {
  readonly #writer: FrameWriter;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #leases: ServedLeases;
  readonly #logs: ServedLogs;
  readonly #methods: ServedMethods;
  readonly #calls = new Map<number, AbortController>();
  readonly #work = new Set<Promise<void>>();
  /** … those that do not wait for something to happen. */
  readonly #busy = new Set<Promise<void>>();
  #endReading = () => {};

  constructor(queue: Queue, { writer, log, clock }: SessionOptions) {
    this.#writer = writer;
    this.#log = log;
    this.#clock = clock;
    this.#leases = new ServedLeases(clock, (event) => this.#say(event));
    this.#logs = new ServedLogs(queue.logs, (event) => this.#say(event));
    this.#methods = servedMethods({ queue, leases: this.#leases, logs: this.#logs });
  }

  /** Resolves when the other side has said its last, or nobody listens there. @throws {BackendError} for what is no message */
  async run(reader: FrameReader): Promise<void> {
    this.#endReading = () => void reader.cancel();
    for (;;) {
      const message = await reader.next();
      if (message === undefined) return;
      this.#hear(message as ClientMessage);
      while (this.#busy.size >= MAX_CALLS) await Promise.race(this.#busy);
      if (this.#writer.waitingBytes > MAX_WAITING_BYTES) await this.#writer.drained();
    }
  }

  /** Ends all that is under way, and gives back the leases that did not arrive. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const controller of this.#calls.values()) controller.abort(GIVEN_UP);
    const finished = new AbortController();
    // Whoever does not read their answers must not keep us from ending.
    void this.#clock.sleep(LAST_WORDS_MS, finished.signal).then(() =>
      finished.signal.aborted ? undefined : this.#writer.abort()
    );
    await Promise.all(this.#work);
    finished.abort(DONE);
    await Promise.all([this.#leases.end(), this.#logs.end()]);
  }

  #hear(message: ClientMessage): void {
    if ("abort" in message) this.#calls.get(message.abort)?.abort(GIVEN_UP);
    else if ("ping" in message) this.#say({ pong: message.ping });
    else if ("id" in message) {
      const work = this.#answer(message).finally(() => {
        this.#work.delete(work);
        this.#busy.delete(work);
      });
      this.#work.add(work);
      if (!WAITING.has(message.method)) this.#busy.add(work);
    }
  }

  /** Never rejects. */
  async #answer({ id, method, params }: Request): Promise<void> {
    const controller = new AbortController();
    this.#calls.set(id, controller);
    const answer = await this.#do({ id, method, params }, {
      signal: controller.signal,
      askedAt: this.#clock.now(),
    });
    this.#calls.delete(id);
    try {
      await this.#writer.write(answer);
    } catch (error) {
      if (error instanceof FrameTooLargeError) this.#say({ id, error: encodeError(tooLarge(error)) });
      else this.#stop(error);
    }
  }

  async #do({ id, method, params }: Request, context: CallContext): Promise<Answer> {
    try {
      if (!Object.hasOwn(this.#methods, method)) {
        throw new BackendError(`Cannot do "${String(method).slice(0, 50)}": this jobq does not know it`, {
          hint: "use the same jobq on both sides",
        });
      }
      const work = this.#methods[method] as (params: unknown, context: CallContext) => unknown;
      return { id, result: await work(params, context) };
    } catch (error) {
      return error === GIVEN_UP ? { id, aborted: true } : { id, error: encodeError(error) };
    }
  }

  #say(message: ServerMessage): void {
    this.#writer.write(message).catch((error) => this.#stop(error));
  }

  #stop(error: unknown): void {
    this.#log.debug(`cannot write to the other side: ${errorMessage(error)}`);
    this.#endReading();
  }
}

function tooLarge({ bytes, maxBytes }: FrameTooLargeError): BackendError {
  return new BackendError(`Cannot send the answer: it has ${bytes} bytes, more than ${maxBytes}`, {
    hint: "ask for less at a time, for example with --limit",
  });
}
