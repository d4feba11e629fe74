import type { Right } from "./access.ts";
import { entityPath } from "./address.ts";
import type { Parts } from "./amqp_host.ts";
import type { BrokerError } from "./broker_error.ts";
import { putToken } from "./cbs.ts";
import {
  type AmqpContext,
  type AmqpMessage,
  messages,
  type ReceivingLink,
  type SendingLink,
} from "./codec.ts";
import { IncomingLink } from "./incoming_link.ts";
import { manage, operationOf, rightFor } from "./management.ts";
import type { Entity } from "./namespace.ts";
import { type OutcomeKind, OutgoingLink } from "./outgoing_link.ts";
import type { Peer } from "./peer.ts";
import {
  CBS_FIELDS,
  MANAGEMENT_FIELDS,
  refusalMessage,
  ReplyLinks,
  type Response,
  responseMessage,
} from "./requests.ts";
import type { BrokerQueue } from "./queue.ts";

const CBS = "$cbs";
const OUTCOMES: readonly OutcomeKind[] = ["accepted", "rejected", "released", "modified"];

/** What a client's link is for, seen from here. */
type Incoming =
  | { readonly kind: "messages"; readonly link: IncomingLink }
  | { readonly kind: "requests"; readonly queue: BrokerQueue }
  | { readonly kind: "tokens" };

/** The links of one connection: opens them where the client may, and brings what comes to its place. */
export class LinkHost {
  readonly #peer: Peer;
  readonly #parts: Parts;
  readonly #replies = new ReplyLinks();
  readonly #incoming = new Map<ReceivingLink, Incoming>();
  readonly #outgoing = new Map<SendingLink, OutgoingLink>();

  constructor(peer: Peer, parts: Parts) {
    this.#peer = peer;
    this.#parts = parts;
    const on = (event: string, handle: (context: AmqpContext) => void) =>
      void peer.connection.on(event, handle);
    on("receiver_open", ({ receiver }) => this.#openIncoming(receiver));
    on("sender_open", ({ sender }) => this.#openOutgoing(sender));
    on("message", (context) => this.#receive(context));
    on("sender_flow", ({ sender }) => this.#outgoing.get(sender)?.flowed());
    for (const kind of OUTCOMES) {
      on(kind, ({ sender, delivery }) => {
        const link = this.#outgoing.get(sender);
        link?.settle(delivery, kind);
      });
    }
    for (const event of ["sender_close", "sender_error"]) on(event, ({ sender }) => this.#close(sender));
    for (const event of ["receiver_close", "receiver_error"]) {
      on(event, ({ receiver }) => this.#incoming.delete(receiver));
    }
  }

  #openIncoming(link: ReceivingLink): void {
    echoEnds(link);
    const address = entityPath(link.target?.address ?? "");
    if (address === CBS) return void this.#incoming.set(link, { kind: "tokens" });
    this.#attach(link, { address, rights: ["send"] }, ({ queue, isManagement }) => {
      const surroundings = { ...this.#parts, queue, peer: this.#peer };
      this.#incoming.set(
        link,
        isManagement
          ? { kind: "requests", queue }
          : { kind: "messages", link: new IncomingLink(link, surroundings) },
      );
    });
  }

  #openOutgoing(link: SendingLink): void {
    echoEnds(link);
    const address = entityPath(link.source?.address ?? "");
    if (address === CBS) return this.#replies.add(link);
    this.#attach(link, { address, rights: ["listen"] }, ({ queue, isManagement }) => {
      if (isManagement) return this.#replies.add(link);
      const surroundings = { ...this.#parts, queue, peer: this.#peer };
      this.#outgoing.set(link, new OutgoingLink(link, surroundings));
    });
  }

  /** Opens the link if the client may have it; until then rhea shall not answer. */
  #attach(
    link: ReceivingLink,
    { address, rights }: { address: string; rights: readonly Right[] },
    open: (entity: Entity) => void,
  ): void {
    link.state.local_open = false;
    link.state.open_requests = 0;
    const { access, faults, namespace } = this.#parts;
    faults.run({ at: "attach", queue: address.split("/$")[0] }, {
      commit: () => {
        const isManagement = address.toLowerCase().endsWith("/$management");
        access.demand(this.#peer.claims.values(), {
          address,
          rights: isManagement ? ["listen", "send"] : rights,
        });
        return namespace.resolve(address);
      },
      answer: (entity) => {
        if (this.#peer.isGone) return;
        link.open();
        open(entity);
      },
      refuse: ({ condition, message }) => {
        if (this.#peer.isGone) return;
        link.open();
        link.close({ condition, description: message });
      },
      cut: () => this.#peer.cut(),
    });
  }

  #receive({ receiver, delivery, message }: AmqpContext): void {
    const incoming = this.#incoming.get(receiver);
    switch (incoming?.kind) {
      case undefined:
        return;
      case "messages":
        return incoming.link.receive(delivery, message);
      case "tokens":
        delivery.update(true, messages.accepted().described());
        return this.#authorize(message as AmqpMessage);
      case "requests":
        delivery.update(true, messages.accepted().described());
        return this.#manage(incoming.queue, message as AmqpMessage, receiver.target?.address ?? "");
      default:
        return incoming satisfies never;
    }
  }

  #authorize(request: AmqpMessage): void {
    const { faults, access } = this.#parts;
    const reply = (message: AmqpMessage) => this.#reply(request, CBS, message);
    faults.run<Response>({ at: "authorize" }, {
      commit: () => putToken(request, { peer: this.#peer, access }),
      answer: (response) => reply(responseMessage(request, response, CBS_FIELDS)),
      refuse: (error: BrokerError) => reply(refusalMessage(request, error, CBS_FIELDS)),
      cut: () => this.#peer.cut(),
    });
  }

  #manage(queue: BrokerQueue, request: AmqpMessage, address: string): void {
    const { access, faults } = this.#parts;
    const reply = (message: AmqpMessage) => this.#reply(request, address, message);
    faults.run<Response>(
      { at: "management", queue: queue.name, operation: operationOf(request) },
      {
        commit: () => {
          access.demand(this.#peer.claims.values(), { address: queue.name, rights: [rightFor(request)] });
          return manage(queue, request);
        },
        answer: (response) => reply(responseMessage(request, response, MANAGEMENT_FIELDS)),
        refuse: (error) => reply(refusalMessage(request, error, MANAGEMENT_FIELDS)),
        cut: () => this.#peer.cut(),
      },
    );
  }

  #reply(request: AmqpMessage, address: string, message: AmqpMessage): void {
    if (this.#peer.isGone) return;
    const sent = this.#replies.find(request, address)?.send(message);
    if (sent !== undefined) sent.settled = true;
  }

  #close(link: SendingLink): void {
    this.#replies.remove(link);
    this.#outgoing.get(link)?.close();
    this.#outgoing.delete(link);
  }
}

/** Says the link's ends as the client did; the SDK for Python takes a link without them for refused. */
function echoEnds(link: ReceivingLink): void {
  link.set_source({ address: link.source?.address });
  link.set_target({ address: link.target?.address });
}
