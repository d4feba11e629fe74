import type { Io } from "./io.ts";

/** A push that is done sooner shows nothing, in ms. */
const QUIET_MS = 1_000;
const INTERVAL_MS = { terminal: 100, log: 5_000 } as const;

/** Says on stderr how far a long push is: one line that is rewritten on a terminal, a line now and then elsewhere. */
export class PushProgress implements Disposable {
  readonly #io: Io;
  readonly #terminal: boolean;
  readonly #startedAt = performance.now();
  #shownAt = 0;
  #shown = false;

  constructor(io: Io) {
    this.#io = io;
    this.#terminal = io.isTerminal("stderr") && !io.env("NO_COLOR");
  }

  update(pushed: number): void {
    const now = performance.now();
    const seconds = (now - this.#startedAt) / 1_000;
    if (seconds * 1_000 < QUIET_MS) return;
    if (now - this.#shownAt < (this.#terminal ? INTERVAL_MS.terminal : INTERVAL_MS.log)) return;
    this.#shownAt = now;
    this.#shown = true;
    const text = `pushed ${pushed} jobs (${Math.round(pushed / seconds)}/s)`;
    void this.#io.stderr.write(this.#terminal ? `\r\x1b[K${text}` : `${text}\n`);
  }

  [Symbol.dispose](): void {
    if (this.#shown && this.#terminal) void this.#io.stderr.write("\n");
  }
}
