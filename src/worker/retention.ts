import { DONE } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { errorMessage } from "../core/errors.ts";
import type { Queue } from "../core/queue.ts";
import type { Logger } from "../log/logger.ts";
import { atMost } from "../runner/at_most.ts";

/** Which completed and cancelled jobs are kept: those that finished within a time, in ms, or the last to finish. */
export type KeepFinished = { readonly ageMs: number } | { readonly count: number };

export interface RetentionOptions {
  readonly keep: KeepFinished;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often the records are looked through, in ms. */
const PRUNE_MS = 600_000;
/** A worker that leaves does not wait longer than this for the last time, in ms: the queue may be locked for hours. */
const LAST_PRUNE_MS = 5_000;

/** Removes the records of jobs that finished long ago: at once, every 10 min, and a last time when disposed. */
export class Retention implements AsyncDisposable {
  readonly #queue: Queue;
  readonly #options: RetentionOptions;
  readonly #ended = new AbortController();
  readonly #done: Promise<void>;

  constructor(queue: Queue, options: RetentionOptions) {
    this.#queue = queue;
    this.#options = options;
    this.#done = this.#repeat();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(DONE);
    const late = new AbortController();
    const last = this.#done.then(() => this.#prune(late.signal));
    await atMost(LAST_PRUNE_MS, last, this.#options);
    late.abort(DONE);
  }

  async #repeat(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await this.#prune(signal);
      await this.#options.clock.sleep(PRUNE_MS, signal);
    }
  }

  async #prune(signal: AbortSignal): Promise<void> {
    const { keep, clock, log } = this.#options;
    const which = "count" in keep ? { keepNewest: keep.count } : { finishedBefore: clock.now() - keep.ageMs };
    try {
      const { removed } = await this.#queue.prune({ ...which, signal });
      if (removed > 0) log.debug(`removed the records of ${removed} finished jobs`);
    } catch (error) {
      if (!signal.aborted) log.warn(`cannot remove the records of finished jobs: ${errorMessage(error)}`);
    }
  }
}
