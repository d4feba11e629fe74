import { DONE, onAbort } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";

/** With a watch on the file, polling is only a safety net. */
const WATCHED_POLL_MS = { first: 1_000, max: 5_000 } as const;
/** Where files cannot be watched (inotify's limits are used up, say), polling is all there is. */
const UNWATCHED_POLL_MS = { first: 25, max: 1_000 } as const;
/** A busy file changes thousands of times a second; one look in this many ms is enough. */
const SETTLE_MS = 10;

export interface ChangeWatchOptions {
  readonly clock: Clock;
  /** How to watch a file; replaced in tests. */
  readonly watchFs?: (path: string) => Deno.FsWatcher;
}

/**
 * Waits until another process has probably changed the database. The watch is on the write-ahead log, into
 * which every commit is written, and starts with the construction: what changes between a look at the
 * database and `next()` is not missed.
 */
export class ChangeWatch implements Disposable {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #watchFs: (path: string) => Deno.FsWatcher;
  #watcher: Deno.FsWatcher | undefined;
  /** What the watcher has told since it was made. */
  #news: "changed" | "broken" | undefined;
  /** Ends the wait of `next()`. */
  #wake = () => {};
  #polls = 0;

  constructor(path: string, { clock, watchFs = (file) => Deno.watchFs(file) }: ChangeWatchOptions) {
    this.#path = path;
    this.#clock = clock;
    this.#watchFs = watchFs;
    this.#watch();
  }

  /** Resolves at a change, after `limitMs`, when it is time for a poll, or when the signal is aborted. */
  async next(limitMs: number, signal?: AbortSignal): Promise<void> {
    const { first, max } = this.#watcher ? WATCHED_POLL_MS : UNWATCHED_POLL_MS;
    const pollMs = Math.min(first * 1.5 ** this.#polls++, max) * (0.75 + 0.5 * Math.random());
    const timer = new AbortController();
    using _ = signal && onAbort(signal, () => timer.abort(DONE));
    // A worker may wait here for weeks: nothing may pile up on a promise that outlives the call.
    this.#wake = () => timer.abort(DONE);
    if (this.#news === undefined) await this.#clock.sleep(Math.min(limitMs, pollMs), timer.signal);
    this.#wake = () => {};
    if (this.#news !== undefined) await this.#hear(this.#news, signal);
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  async #hear(news: "changed" | "broken", signal: AbortSignal | undefined): Promise<void> {
    this.#polls = 0;
    if (news === "changed") {
      await this.#clock.sleep(SETTLE_MS, signal);
      this.#watch();
    } else {
      this[Symbol.dispose]();
      this.#news = undefined;
    }
  }

  /** A fresh watch: it forgets the changes that were waiting in the old one. */
  #watch(): void {
    this[Symbol.dispose]();
    this.#news = undefined;
    try {
      const watcher = this.#watchFs(this.#path);
      this.#watcher = watcher;
      const tell = (news: "changed" | "broken") => {
        // A watcher that is closed tells so as if it were a change.
        if (this.#watcher !== watcher) return;
        this.#news = news;
        this.#wake();
      };
      watcher[Symbol.asyncIterator]().next().then(() => tell("changed"), () => tell("broken"));
    } catch {
      this.#watcher = undefined;
    }
  }
}
