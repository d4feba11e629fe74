import { DONE } from "../core/abort.ts";
import type { OutputStream } from "./io.ts";

const INTERVAL_MS = 200;

/** Aborts when whoever read a stream has left, as after `| head -1`; not when it cannot be written for another reason. */
export class ReaderWatch implements Disposable {
  readonly signal: AbortSignal;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(stream: OutputStream) {
    const left = new AbortController();
    this.signal = left.signal;
    this.#timer = setInterval(() => {
      if (stream.closed && stream.failure === undefined) left.abort(DONE);
    }, INTERVAL_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
