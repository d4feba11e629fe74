import { DONE, onAbort } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import { BackendError, type JobqError } from "../../core/errors.ts";
import type { Channel } from "./channel.ts";
import { FrameReader, FrameTooLargeError, FrameWriter } from "./frames.ts";
import { failureOf, type HandshakeOptions, shakeHands } from "./handshake.ts";
import { keepAlive } from "./keep_alive.ts";
import { LineReader } from "./line_reader.ts";
import type {
  Answer,
  ClientMessage,
  Event,
  HelloQueue,
  MethodName,
  Params,
  Result,
  ServerMessage,
} from "./messages.ts";
import { decodeError } from "./remote_errors.ts";
import { type End, LostCall } from "./lost_call.ts";
import { Topics } from "./topics.ts";

/** Of one of which it is not known yet why it ends. */
const ENDING: End = { cause: new BackendError("it was lost", { transient: true }), mayPass: true };

export interface ConnectionOptions extends HandshakeOptions {
  readonly clock: Clock;
}

export interface RequestOptions<Name extends MethodName> {
  /** Tells the other side that nobody waits any more. The request then fails with its reason, unless it is answered. */
  readonly signal?: AbortSignal;
  /** How long an answer is waited for after that, in ms. Default 0. */
  readonly lingerMs?: number;
  /** Gets the answer that comes later still. */
  readonly onLate?: (result: Result<Name>) => void;
}

interface Call {
  wasSent: boolean;
  readonly answer: (answer: Answer) => void;
  readonly lose: (end: End) => void;
}

/** One live connection to a `jobq serve`: any number of requests at a time, answered in any order. */
export class Connection {
  readonly queue: HelloQueue;
  /** The news of leases and logs. */
  readonly topics: Topics = new Topics();
  readonly #channel: Channel;
  readonly #options: ConnectionOptions;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  readonly #calls = new Map<number, Call>();
  readonly #alive: { heard: boolean };
  readonly #stopped = new AbortController();
  readonly #done: Promise<void>;
  #lastNumber = 0;
  #end: End | undefined;
  #isClosing = false;

  private constructor(
    channel: Channel,
    { queue, lines, alive, options }: {
      queue: HelloQueue;
      lines: LineReader;
      alive: { heard: boolean };
      options: ConnectionOptions;
    },
  ) {
    this.queue = queue;
    this.#channel = channel;
    this.#options = options;
    this.#alive = alive;
    this.#reader = new FrameReader(lines);
    this.#writer = new FrameWriter(channel.writable, { onProgress: () => alive.heard = true });
    this.#done = this.#read();
    void keepAlive(alive, {
      clock: options.clock,
      signal: this.#stopped.signal,
      ping: () => this.#say({ ping: this.nextNumber() }),
      onSilence: () => this.#lose("silent"),
    });
  }

  /**
   * Waits for the other side's hello. The channel is closed when that does not come.
   *
   * @throws {JobqError} why the queue cannot be used; the reason of the signal
   */
  static async open(channel: Channel, options: ConnectionOptions): Promise<Connection> {
    const alive = { heard: false };
    const lines = new LineReader(channel.readable, () => alive.heard = true);
    try {
      const queue = await shakeHands(channel, lines, options);
      return new Connection(channel, { queue, lines, alive, options });
    } catch (error) {
      await channel.close();
      await lines.cancel();
      throw error;
    }
  }

  /** Whether requests can be made. */
  get isOpen(): boolean {
    return this.#end === undefined && !this.#isClosing;
  }

  /** A number that nothing else on this connection has. */
  nextNumber(): number {
    return ++this.#lastNumber;
  }

  /**
   * Asks for something and waits for the answer, for as long as the connection lives.
   *
   * @throws {LostCall} when the connection ends first; the error of the other side; the reason of the signal;
   * {FrameTooLargeError}
   */
  async request<Name extends MethodName>(
    method: Name,
    params: Params<Name>,
    { signal, lingerMs = 0, onLate }: RequestOptions<Name> = {},
  ): Promise<Result<Name>> {
    signal?.throwIfAborted();
    if (!this.isOpen) throw new LostCall(this.#end ?? ENDING, false);
    const id = this.nextNumber();
    const { promise, resolve, reject } = Promise.withResolvers<Result<Name>>();
    const finished = new AbortController();
    let hasGivenUp = false;
    const giveUp = () => {
      hasGivenUp = true;
      reject(signal?.reason);
    };
    const call: Call = {
      wasSent: false,
      answer: ({ result, error, aborted }) => {
        if (hasGivenUp) return error === undefined && !aborted && onLate?.(result as Result<Name>);
        if (aborted) reject(signal?.reason ?? new BackendError("the other side gave up"));
        else if (error !== undefined) reject(decodeError(error));
        else resolve(result as Result<Name>);
      },
      lose: (end) => reject(new LostCall(end, call.wasSent)),
    };
    this.#calls.set(id, call);
    using _ = signal && onAbort(signal, () => {
      if (!call.wasSent) return giveUp();
      this.#say({ abort: id });
      if (lingerMs <= 0) return giveUp();
      void this.#options.clock.sleep(lingerMs, finished.signal).then(() =>
        finished.signal.aborted || giveUp()
      );
    });
    this.#writer.write({ id, method, params }, () => {
      if (hasGivenUp) this.#calls.delete(id);
      else call.wasSent = true;
      return call.wasSent;
    }).catch((error) => this.#failedToWrite(id, error, reject));
    try {
      return await promise;
    } finally {
      finished.abort(DONE);
    }
  }

  /** Ends it; requests that are under way fail. Never rejects. */
  async close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      const closed = new BackendError(`Cannot use "${this.#options.name}": it was closed`);
      this.#finish({ cause: closed, mayPass: false });
    }
    // The other side ends when it hears nothing more; the channel sees to it that it does.
    await Promise.race([this.#writer.close(), this.#channel.close()]);
    await this.#channel.close();
    this.#writer.abort();
    await this.#reader.cancel();
    await this.#done;
  }

  #say(message: ClientMessage): void {
    // When it cannot be written, reading ends as well.
    this.#writer.write(message).catch(() => {});
  }

  #failedToWrite(id: number, error: unknown, reject: (error: unknown) => void): void {
    if (error instanceof FrameTooLargeError) {
      this.#calls.delete(id);
      return reject(error);
    }
    this.#lose("ended");
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const message = await this.#reader.next();
        if (message === undefined) break;
        this.#hear(message as ServerMessage);
      }
      this.#lose("ended");
    } catch (error) {
      this.#finish({ cause: error as JobqError, mayPass: false });
      await this.#discard();
    }
  }

  #hear(message: ServerMessage): void {
    if ("event" in message) this.topics.tell(message satisfies Event);
    else if ("id" in message) {
      const call = this.#calls.get(message.id);
      this.#calls.delete(message.id);
      call?.answer(message);
    }
  }

  /** It broke off: nothing goes through it any more, though it takes a moment to find out why. */
  #lose(end: "silent" | "ended"): void {
    if (!this.isOpen) return;
    this.#isClosing = true;
    void this.#reasonOf(end).then(async (cause) => {
      this.#finish({ cause, mayPass: true });
      await this.#discard();
    });
  }

  #reasonOf(end: "silent" | "ended"): Promise<JobqError> {
    const what = end === "silent" ? "the other side does not answer any more" : "it was lost";
    const unknown = new BackendError(what, { transient: true });
    // A channel that only fell silent has nothing to tell.
    return end === "silent"
      ? Promise.resolve(unknown)
      : failureOf(this.#channel, unknown, this.#options.clock);
  }

  #finish(end: End): void {
    if (this.#end) return;
    this.#end = end;
    this.#stopped.abort(DONE);
    for (const call of this.#calls.values()) call.lose(end);
    this.#calls.clear();
    this.topics.end();
  }

  async #discard(): Promise<void> {
    this.#isClosing = true;
    await this.#channel.close();
    this.#writer.abort();
    await this.#reader.cancel();
  }
}
