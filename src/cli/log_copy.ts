import type { ExecutionKey } from "../core/job_logs.ts";
import type { Queue } from "../core/queue.ts";
import type { OutputStream } from "./io.ts";

/** Copies what an execution prints to a stream, byte for byte, as its log grows. */
export class LogCopy {
  readonly #queue: Queue;
  readonly #key: ExecutionKey;
  readonly #stream: OutputStream;
  /** How far the log was read. */
  #from = 0;
  /** How much of it was dropped before it could be read. */
  #dropped = 0;

  constructor(queue: Queue, key: ExecutionKey, stream: OutputStream) {
    this.#queue = queue;
    this.#key = key;
    this.#stream = stream;
  }

  /** Copies what has come since the last call. */
  async next(): Promise<void> {
    const { logs } = this.#queue;
    while (logs !== undefined && !this.#stream.closed) {
      const { bytes, from } = await logs.read(this.#key, this.#from);
      if (bytes.length === 0) return;
      this.#dropped += from - this.#from;
      this.#from = from + bytes.length;
      await this.#stream.write(bytes);
    }
  }

  /**
   * Makes up for what is missing when there is no more: of a log that is not there, the record has the last lines.
   *
   * @returns false when there is nothing to show
   */
  async end(say: (text: string) => void): Promise<boolean> {
    const { id, execution } = this.#key;
    if (this.#dropped > 0) {
      say(`${this.#dropped} bytes of its output were dropped, as it was too long to be kept`);
    }
    if (this.#from > 0 || this.#stream.closed) return true;
    const record = (await this.#queue.get(id))?.history.find(({ number }) => number === execution);
    if (record?.output === undefined || record.output === "") return false;
    say(`the log of execution ${execution} of ${id} is not there; these are its last lines`);
    await this.#stream.write(`${record.output}\n`);
    return true;
  }
}
