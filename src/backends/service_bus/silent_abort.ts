type Listener = (this: SilentAbort, event: unknown) => void;

/**
 * A signal that may be aborted without a word: who looks at it sees that, and who listens hears nothing. A connection
 * that the SDK is opening must not hear of it, since it would leave one socket half open and use it with the next.
 */
export class SilentAbort {
  readonly #listeners = new Set<Listener>();
  #aborted = false;

  get aborted(): boolean {
    return this.#aborted;
  }

  addEventListener(_type: "abort", listener: Listener): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: Listener): void {
    this.#listeners.delete(listener);
  }

  /** Aborts for those who look. */
  abortSilently(): void {
    this.#aborted = true;
  }

  /** Aborts for those who listen, too. */
  abort(): void {
    this.#aborted = true;
    for (const listener of [...this.#listeners]) listener.call(this, undefined);
  }
}
