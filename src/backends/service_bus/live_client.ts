import type {
  ServiceBusClient,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
  ServiceBusSender,
} from "@azure/service-bus";
import { DONE } from "../../core/abort.ts";
import { orLater, REST_MS } from "./or_later.ts";
import { type PendingCallOptions, PendingCalls } from "./pending_calls.ts";
import { type BareConnection, bareConnection } from "./sdk_connection.ts";
import { hasLostLink, receiveMessages } from "./sdk_internals.ts";

/** Our leases are renewed by the worker. Bodies are read by us: they must not lose a digit. */
const RECEIVER = { maxAutoLockRenewalDurationInMs: 0, skipParsingBodyAsJson: true } as const;

/**
 * A receiver is replaced after as many messages: it keeps account of all those that are not settled by it, as when their
 * lock is lost, and has room for 2,047.
 */
const MAX_RECEIVED = 1_000;
/** The most messages that are asked for at a time. */
const MAX_ASKED = 500;

/** The service has this long to answer a goodbye, in ms. */
const GOODBYE_MS = 2_000;

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
  readonly #client: ServiceBusClient;
  readonly #connection: BareConnection;
  readonly #queue: string;
  /** Aborted when the connection is lost, or not worth keeping. */
  readonly #broken = new AbortController();
  /** Aborted when nothing is begun on it any more. */
  readonly #over = new AbortController();
  readonly #pending = new PendingCalls();
  readonly #settlers = new Map<Part, ServiceBusReceiver>();
  /** Each has at most one receive at a time. */
  readonly #idleReceivers = new Map<Part, ReceiverInUse[]>([["main", []], ["dead", []]]);
  readonly #receivers = new Set<ServiceBusReceiver>();
  #sender: ServiceBusSender | undefined;
  #retired: ServiceBusReceiver | undefined;
  #wasOpen = false;
  #closed: Promise<void> | undefined;

  constructor(client: ServiceBusClient, queue: string) {
    this.#client = client;
    this.#queue = queue;
    this.#connection = bareConnection(client, {
      onOpen: () => this.#wasOpen = true,
      onBreak: (error) => this.#onBreak(error),
    });
  }

  /** Whether the service was ever reached. */
  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  /** Whether all that is begun on it fails. */
  get isOver(): boolean {
    return this.#connection.isShut;
  }

  /** Makes a call that ends at the latest with the connection. */
  run<T>(work: () => Promise<T>, options: PendingCallOptions): Promise<T> {
    return this.#pending.run(work, options);
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
        over: this.#over.signal,
        onLeft: (rest) => this.#pending.track(rest),
      });
      if (messages === undefined) return [];
      const total = received + messages.length;
      if (total < MAX_RECEIVED) idle.push({ receiver, received: total });
      else this.#retire(part, receiver);
      return messages;
    } catch (error) {
      this.#closeReceiver(receiver);
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
      return (await receiveMessages(receiver, { max, waitMs, over: this.#over.signal }))?.length ?? 0;
    } finally {
      await receiver.close();
    }
  }

  /** Gives it up at once: nothing is said to the service, and all that waits for an answer ends. */
  break(): void {
    if (this.#broken.signal.aborted) return;
    this.#end();
    this.#connection.break();
  }

  /** Ends all that waits for an answer, and says goodbye to the service, if that answers soon. */
  async close(): Promise<void> {
    await (this.#closed ??= this.#sayGoodbye());
  }

  async #sayGoodbye(): Promise<void> {
    this.#shut();
    const goodbye = this.#pending.settled().then(() => this.#client.close()).catch(() => {});
    if (this.#connection.isOpen) await orLater(goodbye, { ms: GOODBYE_MS, signal: this.#broken.signal });
    this.#connection.break();
    await orLater(goodbye, { ms: REST_MS });
  }

  /** Why a connection did not come up, the calls that wait for it are told by the SDK, and so are those that come next. */
  #onBreak(error: unknown): void {
    if (this.#wasOpen) this.#end();
    else this.#connection.shut(error ?? new Error("Failed to connect"));
  }

  #end(): void {
    if (this.#broken.signal.aborted) return;
    this.#broken.abort(DONE);
    this.#shut();
  }

  /** Ends all calls, and has what they would begin next fail. */
  #shut(): void {
    if (this.#over.signal.aborted) return;
    const reason = connectionCut();
    this.#pending.endAll(reason);
    this.#connection.shut(reason, this.#receivers);
    this.#over.abort(DONE);
  }

  /** Its link stays open while much of what came by it is held; dead letters are held in numbers, but not for long. */
  #retire(part: Part, receiver: ServiceBusReceiver): void {
    if (part === "dead") return;
    if (this.#retired !== undefined) {
      this.#receivers.delete(this.#retired);
      this.#closeReceiver(this.#retired);
    }
    this.#retired = receiver;
  }

  #idleReceiver(idle: ReceiverInUse[]): ReceiverInUse | undefined {
    const found = idle.pop();
    if (found === undefined || !hasLostLink(found.receiver)) return found;
    this.#closeReceiver(found.receiver);
    return undefined;
  }

  #closeReceiver(receiver: ServiceBusReceiver): void {
    this.#pending.track(receiver.close().catch(() => {}));
  }

  #newReceiver(part: Part): ServiceBusReceiver {
    const receiver = this.#client.createReceiver(this.#queue, {
      ...RECEIVER,
      ...part === "dead" ? { subQueueType: "deadLetter" } as const : {},
    });
    this.#receivers.add(receiver);
    return receiver;
  }
}

/** What a call is told whose connection is gone. */
export function connectionCut(): Error {
  return Object.assign(new Error("the connection was cut"), { code: "ECONNRESET" });
}
