/** Counts how often in a row gates refused a worker's jobs while it had nothing to run. */
export class Refusals {
  readonly #limit: number;
  #inARow = 0;
  #jobs = 0;

  /** @param limit so many make the worker useless; `Infinity` never */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Since a job was let in, there were as many refusals as the limit says, or more. */
  get isUseless(): boolean {
    return this.#inARow >= this.#limit;
  }

  /** A job was let in and runs until this is disposed: the worker is of use. */
  jobRuns(): Disposable {
    this.#jobs++;
    this.#inARow = 0;
    return { [Symbol.dispose]: () => void this.#jobs-- };
  }

  /** A job was refused; answers whether that was one too many, which is said once. */
  refused(): boolean {
    if (this.#jobs > 0) return false;
    return ++this.#inARow === this.#limit;
  }
}
