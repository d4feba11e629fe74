import type { Failure } from "../../src/core/failure.ts";
import type { NewRefusal } from "../../src/core/gate.ts";
import type { Job, JobId, JsonValue, NewJob } from "../../src/core/job.ts";
import type { JobLogs } from "../../src/core/job_logs.ts";
import type {
  CancelResult,
  JobDetails,
  JobRecord,
  ListOptions,
  PruneOptions,
  PruneResult,
  RequeueResult,
  RequeueSelection,
  Stats,
  WaitOptions,
  WaitResult,
} from "../../src/core/job_store.ts";
import type {
  CallOptions,
  Capabilities,
  Counts,
  DeadLetters,
  EnqueueOptions,
  Lease,
  LeaseOptions,
  ParentResults,
  Queue,
} from "../../src/core/queue.ts";
import type { WorkerRegistry } from "../../src/core/workers.ts";

/** Called before each operation on the queue or on one of its leases; what it throws is thrown there. */
export type Fault = (
  operation:
    | "lease"
    | "renew"
    | "ack"
    | "retry"
    | "release"
    | "refuse"
    | "cancel"
    | "deadLetter"
    | "parentResults",
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

  get workers(): WorkerRegistry {
    return this.#inner.workers;
  }

  get logs(): JobLogs | undefined {
    return this.#inner.logs;
  }

  enqueue(jobs: readonly NewJob[], options?: EnqueueOptions): Promise<readonly JobId[]> {
    return this.#inner.enqueue(jobs, options);
  }

  async lease(options: LeaseOptions): Promise<Lease | undefined> {
    await this.#fault("lease");
    const lease = await this.#inner.lease(options);
    return lease && new FaultyLease(lease, this.#fault);
  }

  peek(limit: number, options?: CallOptions): Promise<readonly Job[]> {
    return this.#inner.peek(limit, options);
  }

  counts(options?: CallOptions): Promise<Counts> {
    return this.#inner.counts(options);
  }

  purge(options?: CallOptions): Promise<number> {
    return this.#inner.purge(options);
  }

  get(id: JobId, options?: CallOptions): Promise<JobDetails | undefined> {
    return this.#inner.get(id, options);
  }

  findIds(text: string, options: CallOptions & { limit: number }): Promise<readonly JobId[]> {
    return this.#inner.findIds(text, options);
  }

  list(options?: ListOptions): Promise<readonly JobRecord[]> {
    return this.#inner.list(options);
  }

  position(id: JobId, options?: CallOptions): Promise<number | undefined> {
    return this.#inner.position(id, options);
  }

  cancel(ids: readonly JobId[], options?: CallOptions & { reason?: string }): Promise<CancelResult> {
    return this.#inner.cancel(ids, options);
  }

  requeue(which: RequeueSelection, options?: CallOptions): Promise<RequeueResult> {
    return this.#inner.requeue(which, options);
  }

  prune(options?: PruneOptions): Promise<PruneResult> {
    return this.#inner.prune(options);
  }

  stats(options?: CallOptions): Promise<Stats> {
    return this.#inner.stats(options);
  }

  wait(which: readonly JobId[] | "all", options?: WaitOptions): Promise<WaitResult> {
    return this.#inner.wait(which, options);
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

  get cancelled(): AbortSignal {
    return this.#inner.cancelled;
  }

  async parentResults(): Promise<ParentResults> {
    await this.#fault("parentResults");
    return await this.#inner.parentResults();
  }

  async renew(leaseMs: number): Promise<void> {
    await this.#fault("renew");
    await this.#inner.renew(leaseMs);
  }

  async ack(result?: JsonValue, notes?: { output?: string; warning?: string }): Promise<void> {
    await this.#fault("ack");
    await this.#inner.ack(result, notes);
  }

  async retry(options: { delayMs: number; failure: Failure }): Promise<void> {
    await this.#fault("retry");
    await this.#inner.retry(options);
  }

  async refuse(options: { delayMs: number; refusal: NewRefusal }): Promise<void> {
    await this.#fault("refuse");
    await this.#inner.refuse(options);
  }

  async release(options?: { delayMs: number; output?: string }): Promise<void> {
    await this.#fault("release");
    await this.#inner.release(options);
  }

  async cancel(notes?: { output?: string }): Promise<void> {
    await this.#fault("cancel");
    await this.#inner.cancel(notes);
  }

  async deadLetter(failure: Failure): Promise<void> {
    await this.#fault("deadLetter");
    await this.#inner.deadLetter(failure);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }
}
