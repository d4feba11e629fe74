import { type Clock, systemClock } from "../../core/clock.ts";
import { UsageError } from "../../core/errors.ts";
import {
  assertPlace,
  assertRunnable,
  forEachJob,
  type Job,
  type JobId,
  type NewJob,
} from "../../core/job.ts";
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
import { assertSpan, MAX_RESULT_BYTES, MAX_SPAN_MS } from "../../core/limits.ts";
import type {
  Capabilities,
  Counts,
  DeadLetters,
  EnqueueOptions,
  Lease,
  LeaseOptions,
  Queue,
} from "../../core/queue.ts";
import { waitForJobs } from "../../core/wait.ts";
import { cancel } from "../job_graph/cancel.ts";
import { catchUp } from "./catch_up.ts";
import { claim } from "./claim.ts";
import { MemoryDeadLetters } from "./dead_letters.ts";
import { byPlace, type Entry, jobOf } from "../job_graph/entry.ts";
import { JobTable } from "./job_table.ts";
import { MemoryLease } from "./lease.ts";
import { selectJobs } from "../job_graph/list.ts";
import { progressSource } from "./progress.ts";
import { prune } from "./prune.ts";
import { push } from "../job_graph/push.ts";
import { detailsOf, recordOf } from "../job_graph/record.ts";
import { requeue } from "../job_graph/requeue.ts";
import { countJobs, stats } from "./stats.ts";
import { MemoryWorkers } from "./workers.ts";

const CAPABILITIES: Capabilities = {
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
  sharedOutages: false,
  sharedRenewals: false,
  maxResultBytes: MAX_RESULT_BYTES,
};

/**
 * The reference for the conformance suite: a queue in this process's memory, written to be obviously right.
 * It looks through all its jobs at every call, and ends with the process.
 */
export class MemoryQueue implements Queue {
  readonly name = "memory";
  readonly capabilities = CAPABILITIES;
  readonly deadLetters: DeadLetters;
  readonly workers: MemoryWorkers;
  readonly logs = undefined;
  readonly #table: JobTable;

  constructor({ clock = systemClock }: { clock?: Clock } = {}) {
    this.#table = new JobTable(clock);
    this.deadLetters = new MemoryDeadLetters(this.#table);
    this.workers = new MemoryWorkers(this.#table);
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async enqueue(jobs: readonly NewJob[], { onSkip }: EnqueueOptions = {}): Promise<readonly JobId[]> {
    forEachJob(jobs, assertAcceptable);
    return push(this.#table, jobs, { onSkip, now: catchUp(this.#table) });
  }

  async lease({ leaseMs, waitMs, workerId, job, signal }: LeaseOptions): Promise<Lease | undefined> {
    assertSpan("a lease", leaseMs, { min: 1, max: CAPABILITIES.maxLeaseMs });
    const { clock } = this.#table;
    const deadline = clock.now() + waitMs;
    while (!signal?.aborted) {
      const entry = claim(this.#table, { leaseMs, workerId, job, now: catchUp(this.#table) });
      if (entry?.hold) return new MemoryLease(this.#table, entry, entry.hold);
      if (clock.now() >= deadline) return undefined;
      await this.#table.nextChange(deadline - clock.now(), signal);
    }
    return undefined;
  }

  peek(limit: number): Promise<readonly Job[]> {
    return Promise.resolve(this.#inLine().slice(0, limit).map(jobOf));
  }

  counts(): Promise<Counts> {
    catchUp(this.#table);
    return Promise.resolve(countJobs(this.#table));
  }

  purge(): Promise<number> {
    const removed = this.#table.remove(
      this.#table.all().filter(({ state }) => state === "pending" || state === "blocked"),
    );
    this.#table.changed();
    return Promise.resolve(removed);
  }

  get(id: JobId): Promise<JobDetails | undefined> {
    catchUp(this.#table);
    const entry = this.#table.get(id);
    return Promise.resolve(entry && detailsOf(this.#table, entry));
  }

  findIds(text: string, { limit }: { limit: number }): Promise<readonly JobId[]> {
    const all = this.#table.all();
    const exact = all.filter(({ id, seq }) => text === id || text === String(seq));
    const found = exact.length > 0 || text === "" ? exact : all.filter(({ id }) => id.startsWith(text));
    return Promise.resolve(found.slice(0, limit).map(({ id }) => id));
  }

  list(options: ListOptions = {}): Promise<readonly JobRecord[]> {
    catchUp(this.#table);
    return Promise.resolve(selectJobs(this.#table.all(), options).map(recordOf));
  }

  position(id: JobId): Promise<number | undefined> {
    const place = this.#inLine().findIndex((entry) => entry.id === id);
    return Promise.resolve(place === -1 ? undefined : place);
  }

  cancel(ids: readonly JobId[], { reason }: { reason?: string } = {}): Promise<CancelResult> {
    return Promise.resolve(cancel(this.#table, ids, { reason, now: catchUp(this.#table) }));
  }

  requeue(which: RequeueSelection): Promise<RequeueResult> {
    return Promise.resolve(requeue(this.#table, which, catchUp(this.#table)));
  }

  prune(options: PruneOptions = {}): Promise<PruneResult> {
    catchUp(this.#table);
    return Promise.resolve(prune(this.#table, options));
  }

  stats(): Promise<Stats> {
    return Promise.resolve(stats(this.#table, catchUp(this.#table)));
  }

  wait(which: readonly JobId[] | "all", options: WaitOptions = {}): Promise<WaitResult> {
    return waitForJobs(progressSource(this.#table), which, options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  /** The pending jobs in the order in which they would be leased. */
  #inLine(): Entry[] {
    catchUp(this.#table);
    return this.#table.all()
      .filter(({ state }) => state === "pending")
      .sort((a, b) => (a.visibleAt ?? 0) - (b.visibleAt ?? 0) || byPlace(a, b));
  }
}

function assertAcceptable(job: NewJob): void {
  assertRunnable(job);
  assertPlace(job);
  assertSpan("a delay", job.delayMs ?? 0, { min: 0, max: CAPABILITIES.maxDelayMs });
  const { after: _, ...content } = job;
  const bytes = new TextEncoder().encode(JSON.stringify(content)).length;
  if (bytes > CAPABILITIES.maxPayloadBytes) {
    throw new UsageError(`the job with its environment is larger than ${CAPABILITIES.maxPayloadBytes} bytes`);
  }
}
