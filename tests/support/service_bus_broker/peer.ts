import type { Claim } from "./access.ts";
import type { AmqpConnection } from "./codec.ts";

/** One connection over AMQP: what its client may do, and what ends with it. */
export class Peer {
  readonly connection: AmqpConnection;
  /** By the audience for which they were put. */
  readonly claims = new Map<string, Claim>();
  readonly #breakOff: () => void;
  readonly #ends = new Set<() => void>();
  #isGone = false;

  /** @param breakOff breaks its socket */
  constructor(connection: AmqpConnection, breakOff: () => void) {
    this.connection = connection;
    this.#breakOff = breakOff;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Has `end` called when the connection is over. */
  onEnd(end: () => void): void {
    this.#ends.add(end);
  }

  offEnd(end: () => void): void {
    this.#ends.delete(end);
  }

  /** Has an answer go out by itself: rhea takes two of one moment, however they differ, for the same. */
  answerAlone(answer: () => void): void {
    this.connection._process();
    answer();
    this.connection._process();
  }

  /** Breaks the connection as a network does. */
  cut(): void {
    if (this.#isGone) return;
    this.#breakOff();
    this.ended();
  }

  /** Told when it is over, however that came. */
  ended(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    for (const end of this.#ends) end();
    this.#ends.clear();
    // Rhea is told later, as it may be in the middle of something; else its timers for heartbeats stay.
    queueMicrotask(() => this.connection._disconnected());
  }
}
