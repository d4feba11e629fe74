import { lockLost } from "./broker_error.ts";
import { ReadyList } from "./ready_list.ts";
import type { MessageState, StoredMessage } from "./stored_message.ts";

/** The messages of a queue, found by number, by lock and by turn, whatever becomes of them. */
export class MessageStore {
  readonly #messages = new Map<number, StoredMessage>();
  readonly #locked = new Map<string, StoredMessage>();
  readonly #ready = new ReadyList();
  #lastNumber = 0;
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** In order. */
  get all(): readonly StoredMessage[] {
    return [...this.#messages.values()].sort((a, b) => a.sequenceNumber - b.sequenceNumber);
  }

  /** The one whose turn it is. */
  get next(): StoredMessage | undefined {
    const number = this.#ready.first;
    return number === undefined ? undefined : this.#messages.get(number);
  }

  newNumber(): number {
    return ++this.#lastNumber;
  }

  get(sequenceNumber: number): StoredMessage | undefined {
    return this.#messages.get(sequenceNumber);
  }

  /** @throws BrokerError if nobody holds that lock */
  holderOf(token: string): StoredMessage {
    const message = this.#locked.get(token);
    if (message === undefined) throw lockLost();
    return message;
  }

  has(message: StoredMessage): boolean {
    return this.#messages.get(message.sequenceNumber) === message;
  }

  add(message: StoredMessage): void {
    this.#messages.set(message.sequenceNumber, message);
    this.#sizeBytes += message.sizeBytes;
    this.#enter(message);
  }

  remove(message: StoredMessage): void {
    if (!this.has(message)) return;
    this.#leave(message);
    this.#messages.delete(message.sequenceNumber);
    this.#sizeBytes -= message.sizeBytes;
  }

  change(message: StoredMessage, state: MessageState): void {
    this.#leave(message);
    message.state = state;
    this.#enter(message);
  }

  /** Has a lock last until then. */
  prolong(message: StoredMessage, until: number): void {
    if (message.state.kind === "locked") this.change(message, { ...message.state, until });
  }

  /** A scheduled message gets a new sequence number when it is due, as if it were sent then. */
  activate(message: StoredMessage): void {
    this.remove(message);
    message.sequenceNumber = this.newNumber();
    message.state = { kind: "active" };
    this.add(message);
  }

  #leave({ state, sequenceNumber }: StoredMessage): void {
    if (state.kind === "locked") this.#locked.delete(state.token);
    if (state.kind === "active") this.#ready.remove(sequenceNumber);
  }

  #enter(message: StoredMessage): void {
    const { state, sequenceNumber } = message;
    if (state.kind === "locked") this.#locked.set(state.token, message);
    if (state.kind === "active") this.#ready.add(sequenceNumber);
  }
}
