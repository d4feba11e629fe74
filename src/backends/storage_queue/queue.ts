import type { Clock } from "../../core/clock.ts";
import { AccessDeniedError, errorMessage, UnsupportedError } from "../../core/errors.ts";
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
import { RecordlessQueue } from "../azure/recordless_queue.ts";
import { countOrNone, removePayload, StorageDeadLetters } from "./dead_letters.ts";
import { MAX_JOB_BYTES, pushJobs } from "./enqueue.ts";
import { takeIn } from "./intake.ts";
import type { Places } from "./message_lease.ts";
import { MAX_BATCH, MAX_VISIBILITY_MS, type MessageQueue } from "./message_queue.ts";
import { readDeadText } from "./dead_texts.ts";
import { jobForDisplay } from "../azure/message_job.ts";
import { type Fate, visitAll } from "./visit.ts";

/** What Azure Storage Queue can do. */
export const STORAGE_QUEUE_CAPABILITIES: Capabilities = {
  maxLeaseMs: MAX_VISIBILITY_MS,
  fixedLease: false,
  maxDelayMs: MAX_VISIBILITY_MS,
  // The service counts whole seconds, and so do we when we ask it.
  delayErrorMs: 2_000,
  maxPayloadBytes: MAX_JOB_BYTES,
  exactCounts: false,
  maxPeek: MAX_BATCH,
  keepsOrder: false,
  atomicPush: false,
  deduplicates: false,
  silentDeduplication: false,
  priorities: false,
  dependencies: false,
  delayedRelease: true,
  countsReleases: true,
  keepsRecords: false,
  sharedOutages: false,
  sharedRenewals: false,
  maxResultBytes: MAX_RESULT_BYTES,
};

const DEFAULT_CONCURRENCY = 10;

/** An empty queue is asked again after this, in ms; the service cannot call back. The wait doubles with each time. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

export interface StorageQueueOptions {
  readonly name: string;
  readonly places: Places;
  /** As `places.failed`, without being made by a look at it. */
  readonly deadMessages: MessageQueue;
  /** Whether jobs over 64 KiB go to a blob. */
  readonly spill: boolean;
  readonly encoding: JobEncoding;
  readonly clock: Clock;
}

/** A queue of Azure Storage, and `<queue>-failed` beside it. */
export class StorageQueue extends RecordlessQueue implements Queue {
  readonly name: string;
  readonly capabilities = STORAGE_QUEUE_CAPABILITIES;
  readonly deadLetters: DeadLetters;
  readonly #options: StorageQueueOptions;

  constructor(options: StorageQueueOptions) {
    super(options.name, "Azure Storage Queue");
    const { places, deadMessages } = options;
    this.name = options.name;
    this.#options = options;
    this.deadLetters = new StorageDeadLetters({ ...places, failed: deadMessages });
  }

  async enqueue(
    jobs: readonly NewJob[],
    { concurrency = DEFAULT_CONCURRENCY, signal }: EnqueueOptions = {},
  ): Promise<readonly JobId[]> {
    const { places, spill, encoding } = this.#options;
    const payloads = spill ? places.payloads : undefined;
    return await pushJobs(jobs, { messages: places.messages, payloads, encoding, concurrency, signal });
  }

  async lease(options: LeaseOptions): Promise<Lease | undefined> {
    const [lease] = await this.leaseMany({ ...options, max: 1 });
    return lease;
  }

  async leaseMany(options: LeaseOptions & { max: number }): Promise<readonly Lease[]> {
    const { leaseMs, waitMs, job, signal } = options;
    assertSpan("a lease", leaseMs, { min: 1, max: MAX_VISIBILITY_MS });
    if (job !== undefined) {
      throw new UnsupportedError(
        `Cannot take job ${job} of "${this.name}": Azure Storage Queue hands out the next one`,
      );
    }
    const { clock } = this.#options;
    const deadline = clock.now() + waitMs;
    for (let pauseMs = FIRST_PAUSE_MS; !signal?.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const leases = await this.#takeWhatIsThere(options);
      const leftMs = deadline - clock.now();
      if (leases.length > 0 || leftMs <= 0) return leases;
      await clock.sleep(Math.min(pauseMs, leftMs), signal);
    }
    return [];
  }

  async peek(limit: number, { signal }: CallOptions = {}): Promise<readonly Job[]> {
    const items = await this.#options.places.messages.peek(limit, signal);
    return items.map((item) => jobForDisplay(item, "pending"));
  }

  async counts({ signal }: CallOptions = {}): Promise<Counts> {
    const { places, deadMessages } = this.#options;
    // Who has the key to this queue alone may still count its jobs.
    const dead = countOrNone(deadMessages, signal).catch((error) => {
      if (error instanceof AccessDeniedError) return undefined;
      throw error;
    });
    const counts = [places.messages.count(signal), dead] as const;
    // When one fails, the other may not go on unheard.
    await Promise.allSettled(counts);
    const [unfinished, failed] = await Promise.all(counts);
    return { unfinished, failed };
  }

  async purge(): Promise<number> {
    const { messages, payloads } = this.#options.places;
    let removed = 0;
    await visitAll(messages, async ({ messageText }): Promise<Fate> => {
      await removePayload(readDeadText(messageText), payloads);
      removed++;
      return "remove";
    });
    return removed;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Leases of what can be run of the messages that are there; empty only when none are, or the signal is aborted. */
  async #takeWhatIsThere(
    { leaseMs, workerId, max, signal }: LeaseOptions & { max: number },
  ): Promise<readonly Lease[]> {
    const { places, clock } = this.#options;
    while (!signal?.aborted) {
      const askedAt = clock.now();
      const items = await this.#receive(max, leaseMs, signal);
      const taken = await Promise.allSettled(
        items.map((item) => takeIn(item, places, { leaseMs, askedAt, workerId })),
      );
      const leases = taken.flatMap((end) => end.status === "fulfilled" ? end.value ?? [] : []);
      const errors = taken.flatMap((end) => end.status === "rejected" ? [end.reason] : []);
      if (errors.length > 0 && leases.length === 0) throw errors[0];
      for (const error of errors) places.log.warn(`a job could not be taken: ${errorMessage(error)}`);
      if (items.length === 0 || leases.length > 0) return leases;
    }
    return [];
  }

  async #receive(max: number, leaseMs: number, signal: AbortSignal | undefined) {
    try {
      return await this.#options.places.messages.receive(max, leaseMs, signal);
    } catch (error) {
      if (signal?.aborted) return [];
      throw error;
    }
  }
}
