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

  /** The first free slot, as soon as there is one; undefined when the signal is aborted before. */
  async free(signal: AbortSignal): Promise<number | undefined> {
    while (!signal.aborted) {
      const slot = this.#running.indexOf(undefined);
      if (slot >= 0) return slot;
      const { promise, resolve } = Promise.withResolvers<void>();
      // The signal lives as long as the worker: a listener for each job would be a leak.
      using _ = onAbort(signal, resolve);
      await Promise.race([this.#freed.promise, promise]);
    }
    return undefined;
  }

  run(slot: number, work: () => Promise<void>): void {
    if (this.#busy++ === 0) this.#idle = new AbortController();
    this.#running[slot] = work().finally(() => {
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
