import type { JobId, NewJob } from "../../src/core/job.ts";
import type { Job, JsonValue } from "../../src/core/job.ts";
import type { Failure } from "../../src/core/failure.ts";
import type { Capabilities, Counts, DeadLetters, Lease, LeaseOptions, Queue } from "../../src/core/queue.ts";

/** Called before each operation on the queue or on one of its leases; what it throws is thrown there. */
export type Fault = (
  operation: "lease" | "renew" | "ack" | "retry" | "release" | "deadLetter",
) => void | Promise<void>;

/** A queue in front of another that fails as a test says. */
export class FaultyQueue implements Queue {
  readonly #inner: Queue;
  readonly #fault: Fault;

  readonly #capabilities: Partial<Capabilities>;

  constructor(inner: Queue, fault: Fault, capabilities: Partial<Capabilities> = {}) {
    this.#inner = inner;
    this.#fault = fault;
    this.#capabilities = capabilities;
  }

  get name(): string {
    return this.#inner.name;
  }

  get capabilities(): Capabilities {
    return { ...this.#inner.capabilities, ...this.#capabilities };
  }

  get deadLetters(): DeadLetters {
    return this.#inner.deadLetters;
  }

  enqueue(jobs: readonly NewJob[]): Promise<readonly JobId[]> {
    return this.#inner.enqueue(jobs);
  }

  async lease(options: LeaseOptions): Promise<Lease | undefined> {
    await this.#fault("lease");
    const lease = await this.#inner.lease(options);
    return lease && new FaultyLease(lease, this.#fault);
  }

  peek(limit: number): Promise<readonly Job[]> {
    return this.#inner.peek(limit);
  }

  counts(): Promise<Counts> {
    return this.#inner.counts();
  }

  purge(): Promise<number> {
    return this.#inner.purge();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }
}

class FaultyLease implements Lease {
  readonly #inner: Lease;
  readonly #fault: Fault;

  constructor(inner: Lease, fault: Fault) {
    this.#inner = inner;
    this.#fault = fault;
  }

  get job(): Job {
    return this.#inner.job;
  }

  get expiresAt(): number {
    return this.#inner.expiresAt;
  }

  get lost(): AbortSignal {
    return this.#inner.lost;
  }

  async renew(leaseMs: number): Promise<void> {
    await this.#fault("renew");
    await this.#inner.renew(leaseMs);
  }

  async ack(result?: JsonValue): Promise<void> {
    await this.#fault("ack");
    await this.#inner.ack(result);
  }

  async retry(options: { delayMs: number; failure: Failure }): Promise<void> {
    await this.#fault("retry");
    await this.#inner.retry(options);
  }

  async release(options?: { delayMs: number }): Promise<void> {
    await this.#fault("release");
    await this.#inner.release(options);
  }

  async deadLetter(failure: Failure): Promise<void> {
    await this.#fault("deadLetter");
    await this.#inner.deadLetter(failure);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }
}
