import type { Clock } from "../../../src/core/clock.ts";
import { Alarm } from "./alarm.ts";
import { BrokerError, messageNotFound, quotaExceeded, tooLarge } from "./broker_error.ts";
import type { AmqpMessage } from "./codec.ts";
import { type Consumer, Consumers } from "./consumers.ts";
import { DuplicateWindow } from "./duplicate_window.ts";
import { MessageStore } from "./message_store.ts";
import { type QueueOptions, withDefaults } from "./queue_options.ts";
import {
  changeProperties,
  type DeadLetterReason,
  markDead,
  messageIdOf,
  newMessage,
  type Properties,
  scheduledTimeOf,
  sizeOf,
  type StoredMessage,
} from "./stored_message.ts";

/** The messages of a queue or of its dead-letter sub-queue, their locks and their times. */
export class BrokerQueue {
  readonly name: string;
  options: Required<QueueOptions>;
  /** Undefined for a dead-letter sub-queue itself. */
  readonly deadLetters: BrokerQueue | undefined;
  readonly createdAt: number;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #duplicates: DuplicateWindow;
  readonly #store = new MessageStore();
  readonly #consumers = new Consumers();

  constructor(name: string, options: QueueOptions, clock: Clock, { isDeadLetters = false } = {}) {
    this.name = name;
    this.options = withDefaults(options);
    this.#clock = clock;
    this.createdAt = clock.now();
    this.#alarm = new Alarm(clock, () => this.#catchUp());
    this.#duplicates = new DuplicateWindow(this.options.duplicateDetectionMs);
    if (!isDeadLetters) {
      const ofDead = { ...options, defaultTtlMs: Infinity };
      this.deadLetters = new BrokerQueue(`${name}/$DeadLetterQueue`, ofDead, clock, { isDeadLetters: true });
    }
  }

  /** In order. */
  get messages(): readonly StoredMessage[] {
    this.#catchUpIfDue();
    return this.#store.all;
  }

  get sizeBytes(): number {
    return this.#store.sizeBytes;
  }

  /**
   * Takes a message, or drops it silently as a duplicate.
   *
   * @param options `scheduledAt` wins over what the message says of it
   * @returns its sequence number; 0 for a duplicate
   * @throws BrokerError when it or the queue is too large
   */
  send(
    content: AmqpMessage,
    { scheduledAt = scheduledTimeOf(content) }: { scheduledAt?: number } = {},
  ): number {
    const now = this.#catchUpIfDue();
    const { maxMessageBytes, maxSizeBytes, defaultTtlMs } = this.options;
    const sizeBytes = sizeOf(content, maxMessageBytes);
    if (sizeBytes > maxMessageBytes) throw tooLarge(maxMessageBytes);
    if (this.sizeBytes + sizeBytes > maxSizeBytes) throw quotaExceeded(this.name);
    if (this.#duplicates.isDuplicate(messageIdOf(content), now)) return 0;
    const message = newMessage(content, {
      sequenceNumber: this.#store.newNumber(),
      sizeBytes,
      now,
      scheduledAt,
      defaultTtlMs,
    });
    this.#insert(message);
    return message.sequenceNumber;
  }

  /** Has `consumer` get messages as long as it has credit. */
  subscribe(consumer: Consumer): void {
    this.#consumers.add(consumer);
    this.serve();
  }

  unsubscribe(consumer: Consumer): void {
    this.#consumers.remove(consumer);
  }

  /** Hands out what there is to who waits. */
  serve(): void {
    this.#catchUpIfDue();
    for (let message = this.#store.next; message !== undefined; message = this.#store.next) {
      const consumer = this.#consumers.next();
      if (consumer === undefined) return;
      if (consumer.deletes) this.#store.remove(message);
      else this.#lock(message, { isDeferred: false });
      consumer.deliver(message);
    }
  }

  /** @throws BrokerError if the lock is lost; so do all that take a token */
  complete(token: string): void {
    this.#store.remove(this.#holderOf(token));
  }

  /** Gives it back. @param counted whether it was a delivery that counts */
  abandon(
    token: string,
    { properties, counted = true }: { properties?: Properties; counted?: boolean } = {},
  ): void {
    const message = this.#holderOf(token);
    changeProperties(message, properties);
    this.#unlock(message, { counted });
    this.serve();
  }

  defer(token: string, properties?: Properties): void {
    const message = this.#holderOf(token);
    changeProperties(message, properties);
    message.deliveryCount++;
    this.#store.change(message, { kind: "deferred" });
  }

  deadLetter(token: string, reason: DeadLetterReason = {}): void {
    if (this.deadLetters === undefined) {
      throw new BrokerError("amqp:not-allowed", 400, "A dead letter can't be dead-lettered again.");
    }
    this.#bury(this.#holderOf(token), reason);
  }

  /** @returns until when it is locked now, ms since the epoch */
  renew(token: string): number {
    const message = this.#holderOf(token);
    const until = this.#clock.now() + this.options.lockDurationMs;
    this.#store.prolong(message, until);
    this.#alarm.set(until);
    return until;
  }

  /** Up to `count` from a sequence number on, whatever their state. */
  peek(from: number, count: number): readonly StoredMessage[] {
    return this.messages.filter(({ sequenceNumber }) => sequenceNumber >= from).slice(0, count);
  }

  /** @throws BrokerError if one is not scheduled (any more); the others are cancelled then as well */
  cancelScheduled(sequenceNumbers: readonly number[]): void {
    const found = sequenceNumbers.map((number) => this.#store.get(number));
    for (const message of found) if (message?.state.kind === "scheduled") this.#store.remove(message);
    if (found.some((message) => message?.state.kind !== "scheduled")) throw messageNotFound();
  }

  /** Locks deferred messages. @throws BrokerError if one of them is not deferred */
  takeDeferred(sequenceNumbers: readonly number[], { deletes = false } = {}): readonly StoredMessage[] {
    this.#catchUpIfDue();
    const found = sequenceNumbers.flatMap((number) => this.#store.get(number) ?? []);
    const areAll = found.length === sequenceNumbers.length;
    if (!areAll || found.some(({ state }) => state.kind !== "deferred")) throw messageNotFound();
    for (const message of found) {
      if (deletes) this.#store.remove(message);
      else this.#lock(message, { isDeferred: true });
    }
    return found;
  }

  /** Forgets its timers. */
  close(): void {
    this.#alarm.stop();
    this.deadLetters?.close();
  }

  #insert(message: StoredMessage): void {
    this.#store.add(message);
    if (message.expiresAt !== undefined) this.#alarm.set(message.expiresAt);
    if (message.state.kind === "scheduled") return this.#alarm.set(message.state.at);
    this.serve();
  }

  #lock(message: StoredMessage, { isDeferred }: { isDeferred: boolean }): void {
    const until = this.#clock.now() + this.options.lockDurationMs;
    this.#store.change(message, { kind: "locked", token: crypto.randomUUID(), until, isDeferred });
    this.#alarm.set(until);
  }

  #holderOf(token: string): StoredMessage {
    this.#catchUpIfDue();
    return this.#store.holderOf(token);
  }

  #unlock(message: StoredMessage, { counted }: { counted: boolean }): void {
    if (message.state.kind !== "locked") return;
    this.#store.change(message, message.state.isDeferred ? { kind: "deferred" } : { kind: "active" });
    // Deliveries of dead letters are not counted.
    if (counted && this.deadLetters !== undefined) message.deliveryCount++;
    const { maxDeliveryCount } = this.options;
    if (this.deadLetters !== undefined && message.deliveryCount >= maxDeliveryCount) {
      const description = `Message could not be consumed after ${maxDeliveryCount} delivery attempts.`;
      return this.#bury(message, { reason: "MaxDeliveryCountExceeded", description });
    }
    this.#expireOrWait(message, this.#clock.now());
  }

  #bury(message: StoredMessage, reason: DeadLetterReason): void {
    this.#store.remove(message);
    markDead(message, { ...reason, source: this.name });
    if (this.deadLetters !== undefined) this.deadLetters.#insert(message);
  }

  #catchUpIfDue(): number {
    const now = this.#clock.now();
    if (this.#alarm.dueAt <= now) this.#catchUp();
    return now;
  }

  /** Does all that time has brought about. */
  #catchUp(): void {
    this.#alarm.reset();
    const now = this.#clock.now();
    for (const message of this.#store.all) {
      const { state } = message;
      if (state.kind === "locked" && state.until <= now) this.#unlock(message, { counted: true });
      if (state.kind === "scheduled" && state.at <= now) this.#store.activate(message);
      this.#expireOrWait(message, now);
    }
    this.serve();
  }

  #expireOrWait(message: StoredMessage, now: number): void {
    const { state, expiresAt = Infinity } = message;
    if (!this.#store.has(message)) return;
    if (state.kind === "locked") return this.#alarm.set(state.until);
    if (state.kind === "scheduled") return this.#alarm.set(state.at);
    if (expiresAt > now) return this.#alarm.set(expiresAt);
    if (!this.options.deadLetteringOnExpiration) return this.#store.remove(message);
    const description = "The message expired and was dead lettered.";
    this.#bury(message, { reason: "TTLExpiredException", description });
  }
}
