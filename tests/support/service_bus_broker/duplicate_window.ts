/** The ids of the last `windowMs`, of which a queue takes each only once. */
export class DuplicateWindow {
  readonly #seen = new Map<string, number>();
  readonly #windowMs: number;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Whether `id` came before; remembers it if it did not. */
  isDuplicate(id: string, now: number): boolean {
    if (this.#windowMs <= 0) return false;
    // Entries are in the order of their times.
    for (const [old, at] of this.#seen) {
      if (at + this.#windowMs > now) break;
      this.#seen.delete(old);
    }
    if (this.#seen.has(id)) return true;
    this.#seen.set(id, now);
    return false;
  }
}
