import type { WorkerEvent } from "../core/events.ts";
import { formatDuration } from "../core/duration.ts";
import type { Io, OutputStream } from "./io.ts";

const INTERVAL_MS = 250;
const ERASE = "\r\x1b[K";
const LF = 10;

/**
 * The last line of a terminal, rewritten in place: what the worker has done so far. Everything else that goes
 * to the terminal has to go through `around`, which takes the line away; it comes back by itself.
 */
export class LiveLine implements Disposable {
  readonly #io: Io;
  readonly #startedAt = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #counts = { running: 0, completed: 0, failed: 0 };
  #isShown = false;
  /** What was written last has not ended its line, which must not be overwritten. */
  #isLineOpen = false;
  #showing = Promise.resolve();
  #writing = 0;

  constructor(io: Io) {
    this.#io = io;
    this.#timer = setInterval(() => this.#show(), INTERVAL_MS);
  }

  /** Takes note of what the worker did. */
  update(event: WorkerEvent): void {
    if (event.kind === "job-started") {
      this.#counts.running++;
      return;
    }
    if (event.kind === "job-refused") return;
    this.#counts.running--;
    if (event.kind !== "job-settled") return;
    if (event.outcome.kind === "succeeded") this.#counts.completed++;
    else if (event.outcome.kind === "failed" || event.outcome.kind === "timed-out") this.#counts.failed++;
  }

  /** The same stream for everybody else. */
  around(name: "stdout" | "stderr"): OutputStream {
    const stream = this.#io[name];
    if (!this.#io.isTerminal(name)) return stream;
    return {
      get closed() {
        return stream.closed;
      },
      write: (data) => this.#insert(stream, data),
      note: (text) => void this.#insert(stream, text),
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#isShown) void this.#io.stderr.write(ERASE);
  }

  /** The streams keep no order among each other: one waits here for what the other has not written yet. */
  async #insert(stream: OutputStream, data: string | Uint8Array): Promise<void> {
    this.#writing++;
    await this.#showing;
    if (this.#isShown) void stream.write(ERASE);
    this.#isShown = false;
    if (data.length > 0) this.#isLineOpen = data.at(-1) !== "\n" && data.at(-1) !== LF;
    await stream.write(data);
    this.#writing--;
  }

  #show(): void {
    if (this.#isLineOpen || this.#writing > 0) return;
    const { running, completed, failed } = this.#counts;
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    const rate = ((completed + failed) / seconds).toFixed(1);
    const text = `running ${running} · done ${completed} · failed ${failed} · ${rate}/s · ${
      formatDuration(seconds * 1_000)
    }`;
    this.#isShown = true;
    this.#showing = this.#io.stderr.write(ERASE + text.slice(0, Math.max(0, this.#io.columns() - 1)));
  }
}
