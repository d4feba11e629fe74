import { type Delivery, guidBytes, messages, type Outcome, type SendingLink } from "./codec.ts";
import type { Consumer } from "./consumers.ts";
import type { Faults } from "./faults.ts";
import type { Peer } from "./peer.ts";
import type { BrokerQueue } from "./queue.ts";
import { outgoing, type StoredMessage } from "./stored_message.ts";

/** How a client settles. */
export type OutcomeKind = "accepted" | "rejected" | "released" | "modified";

interface Surroundings {
  readonly queue: BrokerQueue;
  readonly peer: Peer;
  readonly faults: Faults;
}

const SETTLED = 1;

/** A client's receiver, seen from here: a link with credit on which messages go out and dispositions come back. */
export class OutgoingLink implements Consumer {
  readonly #link: SendingLink;
  readonly #queue: BrokerQueue;
  readonly #peer: Peer;
  readonly #faults: Faults;
  readonly #tokens = new Map<Delivery, string>();
  readonly deletes: boolean;
  /** How many are on their way, delayed or lost; they use up credit. */
  #onTheWay = 0;

  constructor(link: SendingLink, { queue, peer, faults }: Surroundings) {
    this.#link = link;
    this.#queue = queue;
    this.#peer = peer;
    this.#faults = faults;
    this.deletes = link.snd_settle_mode === SETTLED;
    link.local.attach.snd_settle_mode = link.snd_settle_mode;
    // Rhea would say that it is drained only if it had credit left; the SDK waits to hear it in any case.
    link._get_drain = () => this.#giveUpCredit();
    this.#peer.onEnd(this.close);
    queue.subscribe(this);
  }

  /** What the client asked for, less what has not gone out yet. */
  get credit(): number {
    const { next_delivery_id, next_pending_delivery } = this.#link.session.outgoing;
    if (this.#peer.isGone || !this.#link.is_open()) return 0;
    return this.#link.credit - (next_delivery_id - next_pending_delivery) - this.#onTheWay;
  }

  deliver(message: StoredMessage): void {
    const { state } = message;
    this.#onTheWay++;
    this.#faults.run({ at: "delivery", queue: this.#queue.name }, {
      commit: () => outgoing(message),
      answer: (content) => {
        if (this.#peer.isGone) return;
        this.#onTheWay = Math.max(0, this.#onTheWay - 1);
        if (state.kind !== "locked") return void this.#link.send(content);
        this.#tokens.set(this.#link.send(content, guidBytes(state.token)), state.token);
      },
      refuse: () => this.#peer.cut(),
      cut: () => this.#peer.cut(),
    });
  }

  /** Its credit changed. */
  flowed(): void {
    this.#queue.serve();
    if (this.#link._draining) this.#link.issue_flow = true;
  }

  settle(delivery: Delivery, kind: OutcomeKind): void {
    const token = this.#tokens.get(delivery);
    if (token === undefined) return void (delivery.settled = true);
    this.#tokens.delete(delivery);
    const answer = (state: unknown) => {
      if (this.#peer.isGone) return;
      delivery.update(true, state);
      // Else rhea keeps the delivery until its buffer is full.
      delivery.remote_settled = true;
    };
    this.#faults.run({ at: "disposition", queue: this.#queue.name }, {
      commit: () => this.#dispose(token, kind, delivery.remote_state ?? {}),
      answer: () => answer(messages.accepted().described()),
      refuse: ({ condition, message }) =>
        this.#peer.answerAlone(() =>
          answer(messages.rejected({ error: { condition, description: message } }).described())
        ),
      cut: () => this.#peer.cut(),
    });
  }

  /** Takes no more; what it has is locked on. */
  readonly close = (): void => {
    this.#queue.unsubscribe(this);
    this.#peer.offEnd(this.close);
  };

  #dispose(token: string, kind: OutcomeKind, outcome: Outcome): void {
    switch (kind) {
      case "accepted":
        return this.#queue.complete(token);
      case "released":
        return this.#queue.abandon(token, { counted: false });
      case "modified": {
        const properties = outcome.message_annotations;
        if (outcome.undeliverable_here) return this.#queue.defer(token, properties);
        return this.#queue.abandon(token, { properties });
      }
      case "rejected": {
        const { DeadLetterReason, DeadLetterErrorDescription, ...properties } = outcome.error?.info ?? {};
        return this.#queue.deadLetter(token, {
          reason: text(DeadLetterReason),
          description: text(DeadLetterErrorDescription),
          properties,
        });
      }
      default:
        return kind satisfies never;
    }
  }

  #giveUpCredit(): boolean {
    const link = this.#link;
    if (!link._draining) return false;
    link._draining = false;
    this.#onTheWay = 0;
    link.delivery_count += link.credit;
    link.credit = 0;
    return true;
  }
}

function text(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}
