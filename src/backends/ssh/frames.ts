import { BackendError, JobqError } from "../../core/errors.ts";
import { LineReader } from "./line_reader.ts";

/** The largest message, in bytes: a job's result may have 64 MiB, and there is more in a message than that. */
export const MAX_FRAME_BYTES = 128 * 1024 * 1024;

/** Larger messages are written piece by piece, so that it can be seen that they get on, in bytes. */
const PIECE_BYTES = 64 * 1024;

const BRACE = 0x7b;

/** The most of a message that a complaint about it shows, in characters. */
const SHOWN = 200;

export interface FrameOptions {
  /** Called whenever a large message has got on. */
  readonly onProgress?: () => void;
  /** Default `MAX_FRAME_BYTES`. */
  readonly maxBytes?: number;
}

export interface FrameWriterOptions extends FrameOptions {
  /** Written before the first message. */
  readonly start?: string;
}

/** What came, as far as it may be shown: the first 200 characters without control characters. */
export function shownText(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 4 * SHOWN));
  return text.replaceAll(/[\p{Cc}\p{Cf}\ufffd]+/gu, " ").trim().slice(0, SHOWN);
}

/** Reads messages: each is an object in JSON, on a line of its own. */
export class FrameReader {
  readonly #lines: LineReader;
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder();

  constructor(lines: LineReader, { maxBytes = MAX_FRAME_BYTES }: FrameOptions = {}) {
    this.#lines = lines;
    this.#maxBytes = maxBytes;
  }

  /**
   * The next message; undefined at the end of the stream, or when that broke off.
   *
   * @throws {BackendError} for a line that is no message, or too long; nothing after it can be trusted
   */
  async next(): Promise<object | undefined> {
    let line: Uint8Array | undefined;
    try {
      line = await this.#lines.next(this.#maxBytes);
    } catch (error) {
      // The stream says no more than that it ended; why is known elsewhere.
      if (!(error instanceof JobqError)) return undefined;
      throw new BackendError(`Cannot read what the other side sends: ${error.message}`, {
        hint: "use the same version of jobq on both sides",
        cause: error,
      });
    }
    return line && this.#parse(line);
  }

  async cancel(): Promise<void> {
    await this.#lines.cancel();
  }

  #parse(line: Uint8Array): object {
    try {
      const message: unknown = JSON.parse(this.#decoder.decode(line));
      if (typeof message === "object" && message !== null) return message;
    } catch {
      // It is told below.
    }
    // A message that was damaged may hold what nobody is to see: the environment of a job.
    const text = line[0] === BRACE ? "a message is damaged" : `"${shownText(line)}" is not a message of jobq`;
    throw new BackendError(`Cannot read what the other side sends: ${text}`, {
      hint: "nothing but jobq may write to its standard output there; look at what runs beside it",
    });
  }
}

/** A message is larger than may be sent. */
export class FrameTooLargeError extends Error {
  readonly bytes: number;
  readonly maxBytes: number;

  constructor(bytes: number, maxBytes: number) {
    super(`the message has ${bytes} bytes, more than ${maxBytes}`);
    this.name = new.target.name;
    this.bytes = bytes;
    this.maxBytes = maxBytes;
  }
}

/** Writes messages, one after the other. */
export class FrameWriter {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #onProgress: () => void;
  readonly #maxBytes: number;
  readonly #encoder = new TextEncoder();
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #start: string;
  #broken: { readonly error: unknown } | undefined;
  /** Ends the waits of those whose messages are not written yet. */
  readonly #pending = new Set<(error: unknown) => void>();

  constructor(
    writable: WritableStream<Uint8Array>,
    { onProgress = () => {}, maxBytes = MAX_FRAME_BYTES, start = "" }: FrameWriterOptions = {},
  ) {
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {});
    this.#onProgress = onProgress;
    this.#maxBytes = maxBytes;
    this.#start = start;
  }

  /** How much waits to be written, in bytes. */
  get waitingBytes(): number {
    return this.#waiting;
  }

  /**
   * Resolves when the message is written.
   *
   * @param onBegin called right before its first byte goes; when it answers false, nothing goes
   * @throws {FrameTooLargeError} before anything is written; what the stream fails with
   */
  async write(message: object, onBegin: () => boolean = () => true): Promise<void> {
    const bytes = this.#encoder.encode(`${this.#start}${JSON.stringify(message)}\n`);
    this.#start = "";
    if (bytes.length > this.#maxBytes) throw new FrameTooLargeError(bytes.length, this.#maxBytes);
    this.#waiting += bytes.length;
    const turn = this.#last.then(async () => {
      if (this.#broken) throw this.#broken.error;
      if (onBegin()) await this.#put(bytes);
    }).finally(() => this.#waiting -= bytes.length);
    this.#last = turn.catch((error) => {
      this.#broken ??= { error };
    });
    const { promise, reject } = Promise.withResolvers<never>();
    this.#pending.add(reject);
    try {
      await Promise.race([turn, promise]);
    } finally {
      this.#pending.delete(reject);
    }
  }

  /** Resolves when all that was given to it is written, or cannot be. */
  async drained(): Promise<void> {
    await this.#last;
  }

  /** Tells the other side that nothing more comes. Never rejects. */
  async close(): Promise<void> {
    if (this.#broken === undefined) await this.#writer.close().catch(() => {});
    else this.abort();
  }

  /** Ends at once; what was not written yet is dropped. */
  abort(): void {
    this.#broken ??= { error: new Error("it was closed") };
    for (const reject of this.#pending) reject(this.#broken.error);
    // It waits for a write that is under way, which may take for ever.
    this.#writer.abort().catch(() => {});
  }

  async #put(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      await this.#writer.write(bytes.subarray(at, at + PIECE_BYTES));
      // The first goes into a buffer, whatever becomes of it.
      if (at > 0) this.#onProgress();
    }
  }
}
