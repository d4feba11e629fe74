/** How long the event loop may be kept from its other work, in ms. */
const MAX_TURN_MS = 10;

/**
 * Lets timers, signals and input have their turn. A queue in a local file and functions that do not wait never give
 * up the event loop by themselves: a worker would not hear that it should stop before the queue is empty.
 */
export class Turns {
  #startedAt = performance.now();

  /** Resolves at once, or after a turn of the event loop when the last was long ago. */
  async next(): Promise<void> {
    if (performance.now() - this.#startedAt < MAX_TURN_MS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#startedAt = performance.now();
  }
}
