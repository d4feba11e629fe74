import type { StoredMessage } from "./stored_message.ts";

/** Who waits for messages of a queue: a link with credit, or a request over HTTP. */
export interface Consumer {
  /** How many it takes now. */
  readonly credit: number;
  /** Receive and delete: its messages need no lock. */
  readonly deletes: boolean;
  deliver(message: StoredMessage): void;
}

/** The consumers of a queue, each in its turn. */
export class Consumers {
  #turns: Consumer[] = [];

  add(consumer: Consumer): void {
    this.#turns.push(consumer);
  }

  remove(consumer: Consumer): void {
    this.#turns = this.#turns.filter((one) => one !== consumer);
  }

  /** Whose turn it is among those with credit; it comes last then. */
  next(): Consumer | undefined {
    const index = this.#turns.findIndex(({ credit }) => credit > 0);
    if (index < 0) return undefined;
    const [consumer] = this.#turns.splice(index, 1);
    if (consumer !== undefined) this.#turns.push(consumer);
    return consumer;
  }
}
