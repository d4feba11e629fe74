import type { Clock } from "../../../src/core/clock.ts";

/** Rings at the earliest of the instants it was given. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #dueAt = Infinity;
  #sleep: AbortController | undefined;
  #isStopped = false;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** When it rings, ms since the epoch. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** Has it ring at `at`, unless it rings before. */
  set(at: number): void {
    if (at >= this.#dueAt || this.#isStopped) return;
    this.reset();
    this.#dueAt = at;
    const sleep = this.#sleep = new AbortController();
    this.#clock.sleep(at - this.#clock.now(), sleep.signal).then(() => {
      if (sleep.signal.aborted) return;
      this.reset();
      this.#ring();
    });
  }

  reset(): void {
    this.#sleep?.abort();
    this.#sleep = undefined;
    this.#dueAt = Infinity;
  }

  stop(): void {
    this.#isStopped = true;
    this.reset();
  }
}
