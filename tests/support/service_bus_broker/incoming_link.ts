import { type AmqpMessage, type Delivery, messages, type ReceivingLink, sectionsOf } from "./codec.ts";
import { tooLarge } from "./broker_error.ts";
import type { Faults } from "./faults.ts";
import type { Peer } from "./peer.ts";
import type { BrokerQueue } from "./queue.ts";

interface Surroundings {
  readonly queue: BrokerQueue;
  readonly peer: Peer;
  readonly faults: Faults;
}

/** A client's sender, seen from here: messages come in, and are accepted or not. */
export class IncomingLink {
  readonly #queue: BrokerQueue;
  readonly #peer: Peer;
  readonly #faults: Faults;

  constructor(link: ReceivingLink, { queue, peer, faults }: Surroundings) {
    this.#queue = queue;
    this.#peer = peer;
    this.#faults = faults;
    link.local.attach.max_message_size = queue.options.maxMessageBytes;
  }

  /** @param message bytes when it is a batch */
  receive(delivery: Delivery, message: AmqpMessage | Uint8Array): void {
    const answer = (state: unknown) => {
      if (!this.#peer.isGone) delivery.update(true, state);
    };
    this.#faults.run({ at: "transfer", queue: this.#queue.name }, {
      commit: () => this.#take(message),
      answer: () => answer(messages.accepted().described()),
      refuse: ({ condition, message }) =>
        this.#peer.answerAlone(() =>
          answer(messages.rejected({ error: { condition, description: message } }).described())
        ),
      cut: () => this.#peer.cut(),
    });
  }

  #take(message: AmqpMessage | Uint8Array): void {
    if (!(message instanceof Uint8Array)) return void this.#queue.send(message);
    const { maxMessageBytes } = this.#queue.options;
    if (message.length > maxMessageBytes) throw tooLarge(maxMessageBytes);
    for (const one of sectionsOf(messages.decode(message).body) ?? []) {
      if (one instanceof Uint8Array) this.#queue.send(messages.decode(one));
    }
  }
}
