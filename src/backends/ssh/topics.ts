import type { Event } from "./messages.ts";

/** Who wants to hear of a lease, or of a log. */
export interface Listener {
  readonly onEvent: (event: Event) => void;
  /** The connection has ended: nothing more will be told. */
  readonly onEnd?: () => void;
}

/** News for which nobody listens yet are kept for this many topics. */
const MAX_EARLY = 1_000;

/** Hands out the news of leases and logs; those that come before anybody listens, too. */
export class Topics {
  readonly #listeners = new Map<Event["topic"], Listener>();
  readonly #early = new Map<Event["topic"], Event[]>();
  #hasEnded = false;

  /** Dispose to stop listening. */
  listen(topic: Event["topic"], listener: Listener): Disposable {
    this.#listeners.set(topic, listener);
    for (const event of this.#early.get(topic) ?? []) listener.onEvent(event);
    this.#early.delete(topic);
    if (this.#hasEnded) listener.onEnd?.();
    return { [Symbol.dispose]: () => this.#listeners.delete(topic) };
  }

  tell(event: Event): void {
    const listener = this.#listeners.get(event.topic);
    if (listener) return listener.onEvent(event);
    const early = this.#early.get(event.topic) ?? [];
    this.#early.set(event.topic, [...early, event]);
    // News of a lease that was settled meanwhile are for nobody.
    const [oldest] = this.#early.keys();
    if (this.#early.size > MAX_EARLY && oldest !== undefined) this.#early.delete(oldest);
  }

  end(): void {
    this.#hasEnded = true;
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    for (const { onEnd } of listeners) onEnd?.();
  }
}
