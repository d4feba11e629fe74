/** Which of several that come are meant: not the first `skip`, but the next `times`. */
export class Quota {
  #skip: number;
  #left: number;

  constructor({ skip = 0, times = 1 }: { readonly skip?: number; readonly times?: number }) {
    this.#skip = skip;
    this.#left = times;
  }

  /** Counts one that came; answers whether it is meant. */
  takes(): boolean {
    if (this.#skip > 0) {
      this.#skip--;
      return false;
    }
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }
}
