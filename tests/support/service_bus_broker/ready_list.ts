/** Sequence numbers of the messages that can be delivered, in order. */
export class ReadyList {
  readonly #numbers: number[] = [];

  get first(): number | undefined {
    return this.#numbers[0];
  }

  /** One that comes back goes to its old place. */
  add(sequenceNumber: number): void {
    const numbers = this.#numbers;
    let [low, high] = [0, numbers.length];
    if (sequenceNumber > (numbers.at(-1) ?? -1)) low = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((numbers[middle] ?? 0) < sequenceNumber) low = middle + 1;
      else high = middle;
    }
    numbers.splice(low, 0, sequenceNumber);
  }

  remove(sequenceNumber: number): void {
    const index = this.#numbers.indexOf(sequenceNumber);
    if (index >= 0) this.#numbers.splice(index, 1);
  }
}
