import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type Long from "long";
import type { Clock } from "../../core/clock.ts";
import { newMessageId } from "../azure/job_encoding.ts";
import type { Patience } from "./bus_connection.ts";
import type { LockTimes } from "./lock_times.ts";
import type { Properties } from "./notes.ts";
import {
  type AnnotatedMessage,
  LockLostError,
  type Received,
  type ServiceQueue,
  type Settlement,
} from "./service_queue.ts";

export interface HeldMessageOptions {
  readonly queue: ServiceQueue;
  readonly received: Received;
  readonly lockTimes: LockTimes;
  readonly clock: Clock;
}

/** Why a message goes to the dead letters. */
export interface DeadLetterNote {
  readonly reason: string;
  readonly description: string;
  readonly properties: Properties;
}

/** A message whose lock we have. Its calls wait for each other; what a lost answer leaves open, the next one finds out. */
export class HeldMessage {
  readonly received: Received;
  readonly #queue: ServiceQueue;
  readonly #lockTimes: LockTimes;
  readonly #clock: Clock;
  /** Of the copy that takes its place: however often it is sent, it has the same. */
  readonly #copyId = newMessageId();
  #expiresAt: number;
  #state: "held" | "settled" | "lost" = "held";
  /** A settlement was sent and may have been done, although no answer said so. */
  #inDoubt = false;
  /** The number of the copy, while the message itself is still there. */
  #copy: Long | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ queue, received, lockTimes, clock }: HeldMessageOptions) {
    this.received = received;
    this.#queue = queue;
    this.#lockTimes = lockTimes;
    this.#clock = clock;
    this.#expiresAt = lockTimes.endOf(received.message.lockedUntilUtc, clock.now());
  }

  /** Until when nobody else can take it, ms since the epoch. */
  get expiresAt(): number {
    return this.#expiresAt;
  }

  get isSettled(): boolean {
    return this.#state === "settled";
  }

  /** Keeps it for as long as the queue has it. @throws {LockLostError} */
  async renew(patience?: Patience): Promise<void> {
    await this.#inTurn(async () => {
      const sentAt = this.#clock.now();
      try {
        const until = await this.#queue.renew(this.received, patience);
        this.#expiresAt = this.#lockTimes.endOf(until, sentAt);
        this.#inDoubt = false;
      } catch (error) {
        // As it seems, it is settled: whoever repeats the settlement will learn that.
        if (!(error instanceof LockLostError && this.#inDoubt)) throw error;
      }
    });
  }

  /** Removes it for good. @throws {LockLostError} */
  async complete(): Promise<void> {
    await this.#settle(() => this.#complete(), () => this.#isGone());
  }

  /** Lets the next worker have it at once, with other notes. @throws {LockLostError} */
  async giveBack(notes: Properties): Promise<void> {
    await this.#settle(
      () => this.#send((receiver, message) => receiver.abandonMessage(message, { ...notes })),
      // Whether it is still there tells nothing: others may have taken and finished it since.
      () => Promise.resolve(true),
    );
  }

  /** Moves it to the dead letters. @throws {LockLostError} */
  async bury({ reason, description, properties }: DeadLetterNote): Promise<void> {
    const options = { ...properties, deadLetterReason: reason, deadLetterErrorDescription: description };
    await this.#settle(
      () => this.#send((receiver, message) => receiver.deadLetterMessage(message, options)),
      () => this.#isGone(),
    );
  }

  /**
   * Puts a copy there that comes after the delay, and removes the message. The copy goes first: a crash in between leaves
   * the job twice, never nowhere.
   *
   * @throws {LockLostError} and then takes the copy away again
   */
  async replaceByCopy(notes: Properties, delayMs: number): Promise<void> {
    const copy = copyOf(this.received.message, { messageId: this.#copyId, notes });
    try {
      await this.#settle(async () => {
        // Somebody else may have it by now: then it is not even copied.
        if (this.#copy === undefined && this.#clock.now() >= this.#expiresAt) {
          await this.#queue.renew(this.received);
        }
        this.#copy ??= await this.#queue.schedule(copy, this.#clock.now() + delayMs);
        await this.#complete();
      }, () => this.#isGone());
    } catch (error) {
      if (error instanceof LockLostError && this.#copy !== undefined) {
        await this.#queue.cancelScheduled([this.#copy]).catch(() => {});
      }
      throw error;
    }
    this.#copy = undefined;
  }

  async #complete(): Promise<void> {
    await this.#queue.complete(this.received, { onDoubt: () => this.#inDoubt = true });
  }

  async #send(settlement: Settlement): Promise<void> {
    await this.#queue.settle(this.received, settlement, { onDoubt: () => this.#inDoubt = true });
  }

  async #isGone(): Promise<boolean> {
    return !await this.#queue.has(this.received);
  }

  /** @param isDone whether a settlement was done whose answer was lost, where the lock is gone by now */
  async #settle(work: () => Promise<void>, isDone: () => Promise<boolean>): Promise<void> {
    await this.#inTurn(async () => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof LockLostError && this.#inDoubt && await isDone())) throw error;
      }
      this.#state = "settled";
    });
  }

  /** Makes a call when the one before it has been answered. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(async () => {
      if (this.#state !== "held") throw new LockLostError();
      try {
        await work();
      } catch (error) {
        if (error instanceof LockLostError) this.#state = "lost";
        throw error;
      }
    });
    this.#last = turn.catch(() => {});
    await turn;
  }
}

/** The same message under another id: its body as it is, of whatever kind, and nothing of what became of it. */
export function copyOf(
  { body, _rawAmqpMessage: { bodyType, properties } }: ServiceBusReceivedMessage,
  { messageId, notes }: { messageId: string; notes?: Properties },
): AnnotatedMessage {
  return {
    body,
    bodyType,
    properties: { messageId, contentType: properties?.contentType, subject: properties?.subject },
    applicationProperties: { ...notes },
  };
}
