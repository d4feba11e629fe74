import { AccessDeniedError, BackendError, errorMessage, UnsupportedError } from "../../core/errors.ts";
import type { Job, JobId, NewJob } from "../../core/job.ts";
import { assertSpan, MAX_RESULT_BYTES } from "../../core/limits.ts";
import type {
  CallOptions,
  Capabilities,
  Counts,
  DeadLetters,
  EnqueueOptions,
  Lease,
  LeaseOptions,
  Queue,
} from "../../core/queue.ts";
import type { JobEncoding } from "../../core/wire/job_message.ts";
import { lookedUp } from "../azure/name_lookups.ts";
import { RecordlessQueue } from "../azure/recordless_queue.ts";
import type { BusConnection } from "./bus_connection.ts";
import { isUnreachable } from "./bus_errors.ts";
import { BusDeadLetters } from "./dead_letters.ts";
import { MAX_DELAY_MS, pushJobs } from "./enqueue.ts";
import { type IntakeOptions, takeIn } from "./intake.ts";
import { MAX_LOCK_MS } from "./lock_times.ts";
import { orLater, REST_MS } from "./or_later.ts";
import { clearQueue } from "./clear_queue.ts";
import type { MessageCounts, QueueAdmin } from "./queue_admin.ts";
import { lockMsOf } from "./queue_settings.ts";
import { shownJob } from "./shown_job.ts";

/** What Azure Service Bus can do. */
export const SERVICE_BUS_CAPABILITIES: Capabilities = {
  maxLeaseMs: MAX_LOCK_MS,
  fixedLease: true,
  maxDelayMs: MAX_DELAY_MS,
  // A scheduled message appears a little after its time.
  delayErrorMs: 2_000,
  // Of the Standard tier; the Premium tier takes more, which a push finds out.
  maxPayloadBytes: 256 * 1024,
  exactCounts: false,
  maxPeek: Infinity,
  keepsOrder: false,
  atomicPush: false,
  deduplicates: true,
  silentDeduplication: true,
  priorities: false,
  dependencies: false,
  delayedRelease: false,
  countsReleases: true,
  keepsRecords: false,
  sharedOutages: false,
  sharedRenewals: false,
  maxResultBytes: MAX_RESULT_BYTES,
};

/** One wait for a message lasts at most this long, in ms. */
const WAIT_MS = 60_000;

export interface ServiceBusQueueOptions extends Omit<IntakeOptions, "workerId"> {
  readonly name: string;
  readonly connection: BusConnection;
  readonly admin: QueueAdmin;
  readonly encoding: JobEncoding;
  /** How long the service is given to find a message before the queue is taken to be empty, in ms. */
  readonly emptyWaitMs: number;
  /** Whether a push looks if the queue is as it was asked for. */
  readonly inspectsAtPush: boolean;
}

/** A queue of a Service Bus namespace, and its dead-letter sub-queue. */
export class ServiceBusQueue extends RecordlessQueue implements Queue {
  readonly name: string;
  readonly capabilities = SERVICE_BUS_CAPABILITIES;
  readonly deadLetters: DeadLetters;
  readonly #options: ServiceBusQueueOptions;
  readonly #closing = new AbortController();
  /** The calls of `leaseMany()` that are under way. */
  readonly #pending = new Set<Promise<unknown>>();
  #inspection: Promise<void> | undefined;

  constructor(options: ServiceBusQueueOptions) {
    super(options.name, "Azure Service Bus");
    this.name = options.name;
    this.#options = options;
    this.deadLetters = new BusDeadLetters(options);
  }

  async enqueue(jobs: readonly NewJob[], { signal }: EnqueueOptions = {}): Promise<readonly JobId[]> {
    const ids = await pushJobs(jobs, { ...this.#options, signal });
    if (this.#options.inspectsAtPush) await this.#inspect();
    return ids;
  }

  async lease(options: LeaseOptions): Promise<Lease | undefined> {
    const [lease] = await this.leaseMany({ ...options, max: 1 });
    return lease;
  }

  async leaseMany(options: LeaseOptions & { max: number }): Promise<readonly Lease[]> {
    const closing = this.#closing.signal;
    closing.throwIfAborted();
    const { leaseMs, job, signal } = options;
    assertSpan("a lease", leaseMs, { min: 1, max: MAX_LOCK_MS });
    if (job !== undefined) {
      throw new UnsupportedError(
        `Cannot take job ${job} of "${this.name}": Azure Service Bus hands out the next one`,
      );
    }
    void this.#inspect();
    const taking = this.#takeInTime({
      ...options,
      signal: signal === undefined ? closing : AbortSignal.any([signal, closing]),
    });
    this.#pending.add(taking);
    try {
      return await taking;
    } finally {
      this.#pending.delete(taking);
    }
  }

  async peek(limit: number, { signal }: CallOptions = {}): Promise<readonly Job[]> {
    const jobs: Job[] = [];
    if (limit < 1) return jobs;
    const now = this.#options.clock.now();
    for await (const message of this.#options.queue.peekAll("main", signal)) {
      const isHeld = (message.lockedUntilUtc?.getTime() ?? 0) > now;
      // What others deferred comes back only when they ask for it.
      if (isHeld || message.state === "deferred") continue;
      jobs.push(shownJob(message, "pending"));
      if (jobs.length >= limit) break;
    }
    return jobs;
  }

  async counts({ signal }: CallOptions = {}): Promise<Counts> {
    const closing = this.#closing.signal;
    const until = signal === undefined ? closing : AbortSignal.any([signal, closing]);
    const { active, scheduled, dead } = await this.#messageCounts(until);
    return { unfinished: active + scheduled, delayed: scheduled, failed: dead };
  }

  async purge(): Promise<number> {
    return await clearQueue(this.#options.queue, this.#options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new BackendError(`Cannot use "${this.name}": it is closed`));
    await Promise.allSettled([...this.#pending, this.#inspection]);
    await this.#options.connection[Symbol.asyncDispose]();
    await orLater(lookedUp(), { ms: REST_MS });
  }

  /** Leases of the first messages that come; of a queue that is closed meanwhile, none. */
  async #takeInTime(
    { waitMs, ...options }: LeaseOptions & { max: number; signal: AbortSignal },
  ): Promise<readonly Lease[]> {
    const { clock, emptyWaitMs } = this.#options;
    const deadline = clock.now() + waitMs;
    while (!options.signal.aborted) {
      const leftMs = Math.min(WAIT_MS, deadline - clock.now());
      const { isEmpty, leases } = await this.#take({ ...options, waitMs: Math.max(emptyWaitMs, leftMs) });
      if (this.#closing.signal.aborted) {
        await Promise.all(leases.map((lease) => lease[Symbol.asyncDispose]()));
        return [];
      }
      if (leases.length > 0 || (isEmpty && clock.now() >= deadline)) return leases;
    }
    return [];
  }

  /** Leases of what can be run of the messages that come. */
  async #take(
    { workerId, ...options }: { max: number; waitMs: number; signal?: AbortSignal; workerId?: string },
  ): Promise<{ isEmpty: boolean; leases: readonly Lease[] }> {
    const { queue, log } = this.#options;
    const received = await queue.receive("main", options).catch((error) => {
      if (options.signal?.aborted) return [];
      throw error;
    });
    const taken = await Promise.allSettled(
      received.map((message) => takeIn(message, { ...this.#options, workerId })),
    );
    const leases = taken.flatMap((end) => end.status === "fulfilled" ? end.value ?? [] : []);
    const errors = taken.flatMap((end) => end.status === "rejected" ? [end.reason] : []);
    if (errors.length > 0 && leases.length === 0) throw errors[0];
    for (const error of errors) log.warn(`a job could not be taken: ${errorMessage(error)}`);
    return { isEmpty: received.length === 0, leases };
  }

  /** Learns once, where that is allowed, how long leases last, and whether the queue is as it should be. */
  #inspect(): Promise<void> {
    const { admin, lockTimes, log } = this.#options;
    return this.#inspection ??= admin.inspect(this.#closing.signal).then(
      (found) => void (lockTimes.longestMs = lockMsOf(found)),
      (error) => log.debug(`the settings of the queue are not known: ${errorMessage(error)}`),
    );
  }

  /** Who may only listen, or only gets through to messages, counts by looking at each of them. */
  async #messageCounts(signal: AbortSignal): Promise<MessageCounts> {
    const { admin, queue } = this.#options;
    try {
      return await admin.counts(signal);
    } catch (error) {
      if (!(error instanceof AccessDeniedError || isUnreachable(error))) throw error;
      const counts = { active: 0, scheduled: 0, dead: 0 };
      for await (const { state } of queue.peekAll("main", signal)) {
        counts[state === "scheduled" ? "scheduled" : "active"]++;
      }
      for await (const _ of queue.peekAll("dead", signal)) counts.dead++;
      return counts;
    }
  }
}
