import { BackendError } from "../../core/errors.ts";

const NEWLINE = 10;

/** Reads lines off a stream of bytes; no line makes it hold more than the caller allows. */
export class LineReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #onBytes: () => void;
  /** What was read and belongs to no line yet. */
  #rest: Uint8Array = new Uint8Array(0);

  /** @param onBytes called whenever something came */
  constructor(readable: ReadableStream<Uint8Array>, onBytes: () => void = () => {}) {
    this.#reader = readable.getReader();
    this.#onBytes = onBytes;
  }

  /**
   * The next line, without its end; undefined at the end of the stream, where a line that was cut off is dropped.
   *
   * @throws {BackendError} for a line of more than `maxBytes`; what the stream fails with
   */
  async next(maxBytes: number): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const chunk = this.#rest.length > 0 ? this.#rest : await this.#read();
      if (chunk === undefined) {
        this.#rest = joined(parts, size);
        return undefined;
      }
      const end = chunk.indexOf(NEWLINE);
      const part = end < 0 ? chunk : chunk.subarray(0, end);
      size += part.length;
      if (size > maxBytes) {
        this.#rest = joined([...parts, part], size);
        throw new BackendError(`a line has more than ${maxBytes} bytes`);
      }
      parts.push(part);
      this.#rest = end < 0 ? new Uint8Array(0) : chunk.subarray(end + 1);
      if (end >= 0) return joined(parts, size);
    }
  }

  /** After the end, or a line that is too long: what there is of that line. */
  get rest(): Uint8Array {
    return this.#rest;
  }

  /** Reads no more; a `next()` that waits answers undefined. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  async #read(): Promise<Uint8Array | undefined> {
    const { value, done } = await this.#reader.read();
    if (done) return undefined;
    this.#onBytes();
    return value;
  }
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
