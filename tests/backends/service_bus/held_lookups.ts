import dns from "node:dns";

/** Has each lookup of a name wait until it is released, as a name server that does not answer. */
export class HeldLookups implements Disposable {
  readonly #own = dns.lookup;
  readonly #held = new Set<() => void>();

  constructor() {
    const hold = (...call: Parameters<typeof dns.lookup>) => this.#held.add(() => this.#own(...call));
    Object.assign(dns, { lookup: hold });
  }

  get held(): number {
    return this.#held.size;
  }

  release(): void {
    for (const lookUp of this.#held) lookUp();
    this.#held.clear();
  }

  [Symbol.dispose](): void {
    Object.assign(dns, { lookup: this.#own });
    this.release();
  }
}
