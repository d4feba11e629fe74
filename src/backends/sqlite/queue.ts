import type { Clock } from "../../core/clock.ts";
import type { Job, JobId, NewJob } from "../../core/job.ts";
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
} from "../../core/job_store.ts";
import { lazyImport } from "../../core/lazy_import.ts";
import { assertSpan, MAX_RESULT_BYTES, MAX_SPAN_MS } from "../../core/limits.ts";
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
import type { WorkerRegistry } from "../../core/workers.ts";
import type { Claims } from "./claims.ts";
import type { Connection } from "./connection.ts";
import type { QueueContext } from "./context.ts";
import { encodeRows, insertRows, isRelated } from "./insert.ts";
import { LogFiles } from "../log_files/log_files.ts";

/** What SQLite files can do. */
export const SQLITE_CAPABILITIES: Capabilities = {
  maxLeaseMs: MAX_SPAN_MS,
  fixedLease: false,
  maxDelayMs: MAX_SPAN_MS,
  delayErrorMs: 0,
  maxPayloadBytes: 1024 * 1024,
  exactCounts: true,
  maxPeek: Infinity,
  keepsOrder: true,
  atomicPush: true,
  deduplicates: false,
  silentDeduplication: false,
  priorities: true,
  dependencies: true,
  delayedRelease: true,
  countsReleases: false,
  keepsRecords: true,
  sharedOutages: true,
  sharedRenewals: false,
  maxResultBytes: MAX_RESULT_BYTES,
};

/** What a push does not need. */
const load = {
  cancel: () => lazyImport<typeof import("./cancel.ts")>(import.meta.resolve("./cancel.ts")),
  claims: () => lazyImport<typeof import("./claims.ts")>(import.meta.resolve("./claims.ts")),
  clear: () => lazyImport<typeof import("./clear.ts")>(import.meta.resolve("./clear.ts")),
  deadLetters: () => lazyImport<typeof import("./dead_letters.ts")>(import.meta.resolve("./dead_letters.ts")),
  insertRelated: () =>
    lazyImport<typeof import("./insert_related.ts")>(import.meta.resolve("./insert_related.ts")),
  peek: () => lazyImport<typeof import("./peek.ts")>(import.meta.resolve("./peek.ts")),
  progress: () => lazyImport<typeof import("./progress.ts")>(import.meta.resolve("./progress.ts")),
  prune: () => lazyImport<typeof import("./prune.ts")>(import.meta.resolve("./prune.ts")),
  records: () => lazyImport<typeof import("./records.ts")>(import.meta.resolve("./records.ts")),
  requeue: () => lazyImport<typeof import("./requeue.ts")>(import.meta.resolve("./requeue.ts")),
  stats: () => lazyImport<typeof import("./stats.ts")>(import.meta.resolve("./stats.ts")),
  workers: () => lazyImport<typeof import("./workers.ts")>(import.meta.resolve("./workers.ts")),
  wait: () => lazyImport<typeof import("../../core/wait.ts")>(import.meta.resolve("../../core/wait.ts")),
};

export interface SqliteQueueOptions {
  readonly connection: Connection;
  readonly queueId: number;
  readonly clock: Clock;
  readonly name: string;
}

/** One queue of an SQLite file. What a push does not need is loaded when it is called for. */
export class SqliteQueue implements Queue {
  readonly name: string;
  readonly capabilities = SQLITE_CAPABILITIES;
  readonly logs: LogFiles;
  readonly deadLetters: DeadLetters;
  readonly workers: WorkerRegistry;
  readonly #context: QueueContext;
  #claims: Promise<Claims> | undefined;

  constructor({ name, ...options }: SqliteQueueOptions) {
    this.name = name;
    this.logs = new LogFiles(`${options.connection.path}.d/logs`);
    this.#context = { ...options, logs: this.logs };
    const dead = async () => new (await load.deadLetters()).SqliteDeadLetters(this.#context);
    this.deadLetters = {
      list: async (options) => (await dead()).list(options),
      requeue: async (which, options) => (await dead()).requeue(which, options),
      purge: async (which, options) => (await dead()).purge(which, options),
    };
    const workers = async () => new (await load.workers()).SqliteWorkers(this.#context);
    this.workers = {
      register: async (self, options) => (await workers()).register(self, options),
      list: async (options) => (await workers()).list(options),
      stop: async (id, request, options) => (await workers()).stop(id, request, options),
    };
  }

  async enqueue(jobs: readonly NewJob[], { onSkip, signal }: EnqueueOptions = {}): Promise<readonly JobId[]> {
    if (jobs.length === 0) return [];
    const { connection, queueId, clock } = this.#context;
    const rows = encodeRows(jobs, this.capabilities.maxPayloadBytes);
    const write = { action: "push to", durable: true, signal };
    if (!jobs.some(isRelated)) {
      return await connection.transaction(
        write,
        () => insertRows(connection, rows, { queueId, now: clock.now() }),
      );
    }
    const { RelatedPush } = await load.insertRelated();
    const push = new RelatedPush(rows, queueId);
    const { ids, skipped } = await connection.transaction(write, () => push.insert(connection, clock.now()));
    for (const index of skipped) onSkip?.(index, ids[index] as JobId);
    return ids;
  }

  async lease(options: LeaseOptions): Promise<Lease | undefined> {
    assertSpan("a lease", options.leaseMs, { min: 1 });
    return await (await this.#loadClaims()).lease(options);
  }

  async resume(ticket: string, { signal }: CallOptions = {}): Promise<Lease> {
    return await (await this.#loadClaims()).resume(ticket, signal);
  }

  async peek(limit: number, { signal }: CallOptions = {}): Promise<readonly Job[]> {
    return (await load.peek()).peekJobs(this.#context, limit, signal);
  }

  async counts({ signal }: CallOptions = {}): Promise<Counts> {
    return (await load.stats()).readCounts(this.#context, signal);
  }

  async purge({ signal }: CallOptions = {}): Promise<number> {
    return (await load.clear()).clearWaiting(this.#context, signal);
  }

  async get(id: JobId, options?: CallOptions): Promise<JobDetails | undefined> {
    return (await this.#records()).get(id, options);
  }

  async findIds(text: string, options: CallOptions & { limit: number }): Promise<readonly JobId[]> {
    return (await this.#records()).findIds(text, options);
  }

  async list(options?: ListOptions): Promise<readonly JobRecord[]> {
    return (await this.#records()).list(options);
  }

  async position(id: JobId, options?: CallOptions): Promise<number | undefined> {
    return (await this.#records()).position(id, options);
  }

  async cancel(
    ids: readonly JobId[],
    options: CallOptions & { reason?: string } = {},
  ): Promise<CancelResult> {
    return (await load.cancel()).cancelJobs(this.#context, ids, options);
  }

  async requeue(which: RequeueSelection, { signal }: CallOptions = {}): Promise<RequeueResult> {
    return (await load.requeue()).requeueJobs(this.#context, which, signal);
  }

  async prune(options: PruneOptions = {}): Promise<PruneResult> {
    return (await load.prune()).prune(this.#context, options);
  }

  async stats({ signal }: CallOptions = {}): Promise<Stats> {
    return (await load.stats()).readStats(this.#context, signal);
  }

  async wait(which: readonly JobId[] | "all", options: WaitOptions = {}): Promise<WaitResult> {
    const { progressSource } = await load.progress();
    const { waitForJobs } = await load.wait();
    using source = progressSource(this.#context);
    return await waitForJobs(source, which, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    (await this.#claims)?.[Symbol.dispose]();
    this.#context.connection[Symbol.dispose]();
  }

  #loadClaims(): Promise<Claims> {
    return this.#claims ??= load.claims().then(({ Claims }) => new Claims(this.#context));
  }

  async #records() {
    return new (await load.records()).Records(this.#context);
  }
}
