import type {
  ServiceBusClient,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
  ServiceBusSender,
} from "@azure/service-bus";
import { DONE } from "../../core/abort.ts";
import {
  breakConnection,
  endWaits,
  hasLostLink,
  prepareConnection,
  receiveMessages,
} from "./sdk_internals.ts";

/** Our leases are renewed by the worker. Bodies are read by us: they must not lose a digit. */
const RECEIVER = { maxAutoLockRenewalDurationInMs: 0, skipParsingBodyAsJson: true } as const;

/**
 * A receiver is replaced after as many messages: it keeps account of all those that are not settled by it, as when their
 * lock is lost, and has room for 2,047.
 */
const MAX_RECEIVED = 1_000;
/** The most messages that are asked for at a time. */
const MAX_ASKED = 500;

interface ReceiverInUse {
  readonly receiver: ServiceBusReceiver;
  /** How many messages it had so far. */
  readonly received: number;
}

/** Which messages of a queue: its own, or its dead letters. */
export type Part = "main" | "dead";

/**
 * A connection with its links, which is thrown away when it breaks: the SDK would make it anew under the same names, and
 * then wait in vain for answers about messages of the old one.
 */
export class LiveClient {
  /** Aborted when the connection is lost, or not worth keeping. */
  readonly broken: AbortSignal;
  readonly #client: ServiceBusClient;
  readonly #queue: string;
  readonly #broken = new AbortController();
  readonly #settlers = new Map<Part, ServiceBusReceiver>();
  /** Each has at most one receive at a time. */
  readonly #idleReceivers = new Map<Part, ReceiverInUse[]>([["main", []], ["dead", []]]);
  #sender: ServiceBusSender | undefined;
  #retired: ServiceBusReceiver | undefined;
  #wasOpen = false;
  #closed: Promise<void> | undefined;

  constructor(client: ServiceBusClient, queue: string) {
    this.#client = client;
    this.#queue = queue;
    this.broken = this.#broken.signal;
    prepareConnection(client, { onOpen: () => this.#wasOpen = true, onBreak: () => this.#end() });
  }

  /** Whether the service was ever reached. */
  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  get sender(): ServiceBusSender {
    return this.#sender ??= this.#client.createSender(this.#queue);
  }

  /** For what is settled, renewed and looked at: it receives nothing. */
  settler(part: Part = "main"): ServiceBusReceiver {
    const known = this.#settlers.get(part);
    if (known !== undefined) return known;
    const settler = this.#newReceiver(part);
    this.#settlers.set(part, settler);
    return settler;
  }

  /** Takes up to `max` messages that are there, or waits for the first. */
  async receive(
    part: Part,
    options: { max: number; waitMs: number; signal?: AbortSignal },
  ): Promise<readonly ServiceBusReceivedMessage[]> {
    const idle = this.#idleReceivers.get(part) ?? [];
    const { receiver, received } = this.#idleReceiver(idle) ??
      { receiver: this.#newReceiver(part), received: 0 };
    try {
      const messages = await receiveMessages(receiver, {
        ...options,
        max: Math.min(options.max, MAX_ASKED),
      });
      const total = received + messages.length;
      if (total < MAX_RECEIVED) idle.push({ receiver, received: total });
      else this.#retire(part, receiver);
      return messages;
    } catch (error) {
      void receiver.close().catch(() => {});
      throw error;
    }
  }

  /** Removes up to `max` messages as they come within `waitMs`, and answers how many. */
  async drop(max: number, waitMs: number): Promise<number> {
    const receiver = this.#client.createReceiver(this.#queue, {
      ...RECEIVER,
      receiveMode: "receiveAndDelete",
    });
    try {
      return (await receiveMessages(receiver, { max, waitMs })).length;
    } finally {
      await receiver.close();
    }
  }

  /** Gives it up at once: nothing is said to the service, and all that waits for an answer ends. */
  break(): void {
    if (this.#broken.signal.aborted) return;
    this.#end();
    breakConnection(this.#client);
  }

  /** Says goodbye to the service. */
  async close(): Promise<void> {
    await (this.#closed ??= this.#client.close().catch(() => {}));
  }

  #end(): void {
    if (this.#broken.signal.aborted) return;
    this.#broken.abort(DONE);
    endWaits(this.#client, connectionCut());
  }

  /** Its link stays open while much of what came by it is held; dead letters are held in numbers, but not for long. */
  #retire(part: Part, receiver: ServiceBusReceiver): void {
    if (part === "dead") return;
    void this.#retired?.close().catch(() => {});
    this.#retired = receiver;
  }

  #idleReceiver(idle: ReceiverInUse[]): ReceiverInUse | undefined {
    const found = idle.pop();
    if (found === undefined || !hasLostLink(found.receiver)) return found;
    void found.receiver.close().catch(() => {});
    return undefined;
  }

  #newReceiver(part: Part): ServiceBusReceiver {
    return this.#client.createReceiver(this.#queue, {
      ...RECEIVER,
      ...part === "dead" ? { subQueueType: "deadLetter" } as const : {},
    });
  }
}

/** What a call is told whose connection is gone. */
export function connectionCut(): Error {
  return Object.assign(new Error("the connection was cut"), { code: "ECONNRESET" });
}
