import type { Clock } from "../../../src/core/clock.ts";
import { entityPath } from "./address.ts";
import { BrokerError, entityNotFound } from "./broker_error.ts";
import { BrokerQueue } from "./queue.ts";
import type { QueueOptions } from "./queue_options.ts";

const DEAD_LETTERS = "/$deadletterqueue";
const MANAGEMENT = "/$management";

/** What an address names. */
export interface Entity {
  readonly queue: BrokerQueue;
  readonly isManagement: boolean;
}

/** The queues by their names, in which case does not count. */
export class Namespace {
  readonly #clock: Clock;
  readonly #autoCreate: boolean;
  readonly #queues = new Map<string, BrokerQueue>();

  constructor(clock: Clock, { autoCreate }: { autoCreate: boolean }) {
    this.#clock = clock;
    this.#autoCreate = autoCreate;
  }

  get queues(): readonly BrokerQueue[] {
    return [...this.#queues.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** @throws BrokerError if it is there */
  create(name: string, options: QueueOptions = {}): BrokerQueue {
    if (this.#queues.has(name.toLowerCase())) {
      throw new BrokerError(
        "com.microsoft:entity-already-exists",
        409,
        `The queue '${name}' exists already.`,
      );
    }
    const queue = new BrokerQueue(name, options, this.#clock);
    this.#queues.set(name.toLowerCase(), queue);
    return queue;
  }

  get(name: string): BrokerQueue | undefined {
    return this.#queues.get(name.toLowerCase());
  }

  /** @throws BrokerError if it is not there */
  delete(name: string): void {
    const queue = this.get(name);
    if (queue === undefined) throw entityNotFound(name);
    queue.close();
    this.#queues.delete(name.toLowerCase());
  }

  /** What `QUEUE[/$DeadLetterQueue][/$management]` names. @throws BrokerError if there is no such queue */
  resolve(address: string): Entity {
    let path = entityPath(address);
    const isManagement = path.toLowerCase().endsWith(MANAGEMENT);
    if (isManagement) path = path.slice(0, -MANAGEMENT.length);
    const isDead = path.toLowerCase().endsWith(DEAD_LETTERS);
    if (isDead) path = path.slice(0, -DEAD_LETTERS.length);
    const queue = this.get(path) ?? (this.#autoCreate && path !== "" ? this.create(path) : undefined);
    const found = isDead ? queue?.deadLetters : queue;
    if (found === undefined) throw entityNotFound(path);
    return { queue: found, isManagement };
  }

  close(): void {
    for (const queue of this.#queues.values()) queue.close();
  }
}
