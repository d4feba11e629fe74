import type { WorkerEvent } from "../core/events.ts";
import { formatDuration } from "../core/duration.ts";
import type { Io, OutputStream } from "./io.ts";

const INTERVAL_MS = 250;
const ERASE = "\r\x1b[K";

/**
 * The last line of a terminal, rewritten in place: what the worker has done so far. Everything else that goes
 * to the terminal has to go through `around`, which takes the line away and puts it back.
 */
export class LiveLine implements Disposable {
  readonly #io: Io;
  readonly #startedAt = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #counts = { running: 0, completed: 0, failed: 0 };
  #shown = "";

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
    this.#counts.running--;
    if (event.kind !== "job-settled") return;
    if (event.outcome.kind === "succeeded") this.#counts.completed++;
    else if (event.outcome.kind === "failed" || event.outcome.kind === "timed-out") this.#counts.failed++;
  }

  /** The same stream for everybody else. */
  around(stream: OutputStream): OutputStream {
    return {
      get closed() {
        return stream.closed;
      },
      write: (data) => {
        this.#erase();
        return stream.write(data);
      },
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#erase();
  }

  #show(): void {
    const { running, completed, failed } = this.#counts;
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    const rate = ((completed + failed) / seconds).toFixed(1);
    const text = `running ${running} · done ${completed} · failed ${failed} · ${rate}/s · ${
      formatDuration(seconds * 1_000)
    }`;
    this.#shown = text.slice(0, Math.max(0, this.#io.columns() - 1));
    void this.#io.stderr.write(ERASE + this.#shown);
  }

  #erase(): void {
    if (this.#shown === "") return;
    this.#shown = "";
    void this.#io.stderr.write(ERASE);
  }
}
