import { DONE, onAbort } from "../core/abort.ts";

/** The places in which a worker runs its jobs. */
export class Slots {
  readonly #running: (Promise<void> | undefined)[];
  #freed = Promise.withResolvers<void>();
  #idle = new AbortController();
  #busy = 0;

  constructor(count: number) {
    this.#running = Array.from({ length: count }, () => undefined);
  }

  get busy(): number {
    return this.#busy;
  }

  /** How many slots are free, as soon as one is; 0 when the signal is aborted before. */
  async free(signal: AbortSignal): Promise<number> {
    while (!signal.aborted) {
      if (this.#busy < this.#running.length) return this.#running.length - this.#busy;
      const { promise, resolve } = Promise.withResolvers<void>();
      // The signal lives as long as the worker: a listener for each job would be a leak.
      using _ = onAbort(signal, resolve);
      await Promise.race([this.#freed.promise, promise]);
    }
    return 0;
  }

  /** Runs the work in the first free slot, of which there must be one. */
  run(work: (slot: number) => Promise<void>): void {
    const slot = this.#running.indexOf(undefined);
    if (this.#busy++ === 0) this.#idle = new AbortController();
    this.#running[slot] = work(slot).finally(() => {
      this.#running[slot] = undefined;
      if (--this.#busy === 0) this.#idle.abort(DONE);
      this.#freed.resolve();
      this.#freed = Promise.withResolvers<void>();
    });
  }

  /** Aborts when the last busy slot becomes free. */
  whenIdle(): AbortSignal {
    return this.#idle.signal;
  }

  async allFree(): Promise<void> {
    await Promise.all(this.#running);
  }
}
