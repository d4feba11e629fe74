import type { BrokerQueue } from "./queue.ts";
import type { QueueOptions } from "./queue_options.ts";
import { seen, type SeenMessage } from "./stored_message.ts";

/** A look inside a queue, as it is at the moment of asking. It changes nothing. */
export class QueueView {
  readonly #queue: BrokerQueue;

  constructor(queue: BrokerQueue) {
    this.#queue = queue;
  }

  get name(): string {
    return this.#queue.name;
  }

  get options(): Required<QueueOptions> {
    return this.#queue.options;
  }

  /** Locks that begin from now on, or are renewed, last this long, in ms. */
  set lockDurationMs(ms: number) {
    this.#queue.options = { ...this.#queue.options, lockDurationMs: ms };
  }

  /** Without its dead letters. */
  get sizeBytes(): number {
    return this.#queue.sizeBytes;
  }

  get active(): readonly SeenMessage[] {
    return this.#inState("active");
  }

  get locked(): readonly SeenMessage[] {
    return this.#inState("locked");
  }

  get scheduled(): readonly SeenMessage[] {
    return this.#inState("scheduled");
  }

  get deferred(): readonly SeenMessage[] {
    return this.#inState("deferred");
  }

  /** Those of the dead-letter sub-queue, locked ones included. */
  get dead(): readonly SeenMessage[] {
    return this.#queue.deadLetters?.messages.map(seen) ?? [];
  }

  /** Every message but the dead letters, in order. */
  get all(): readonly SeenMessage[] {
    return this.#queue.messages.map(seen);
  }

  #inState(kind: SeenMessage["state"]["kind"]): readonly SeenMessage[] {
    return this.all.filter(({ state }) => state.kind === kind);
  }
}
