import { type Clock, systemClock } from "../../core/clock.ts";
import { UsageError } from "../../core/errors.ts";
import { assertRunnable, forEachJob, type Job, type JobId, type NewJob } from "../../core/job.ts";
import { assertSpan, MAX_SPAN_MS } from "../../core/limits.ts";
import {
  type CallOptions,
  type Capabilities,
  type Counts,
  type DeadLetters,
  type Lease,
  type LeaseOptions,
  MAX_LOST_LEASES,
  poisonFailure,
  type Queue,
} from "../../core/queue.ts";
import { randomId } from "../../core/random_id.ts";
import { MemoryDeadLetters } from "./dead_letters.ts";
import { MemoryLease } from "./lease.ts";
import { byPlace, type Entry, isPending, jobOf } from "./entry.ts";

const CAPABILITIES: Capabilities = {
  maxLeaseMs: MAX_SPAN_MS,
  maxDelayMs: MAX_SPAN_MS,
  maxPayloadBytes: 1024 * 1024,
  exactCounts: true,
  deduplicates: false,
  priorities: false,
  dependencies: false,
  countsReleases: false,
  keepsRecords: true,
  sharedOutages: false,
};

/**
 * The reference for the conformance suite: a queue in this process's memory, written to be obviously right.
 * It looks through all its jobs at every call, and ends with the process.
 */
export class MemoryQueue implements Queue {
  readonly name = "memory";
  readonly capabilities = CAPABILITIES;
  readonly deadLetters: DeadLetters;
  readonly #clock: Clock;
  /** In the order in which they were pushed. */
  readonly #entries = new Map<JobId, Entry>();
  readonly #waiting = new Set<AbortController>();
  #pushed = 0;

  constructor({ clock = systemClock }: { clock?: Clock } = {}) {
    this.#clock = clock;
    this.deadLetters = new MemoryDeadLetters({ entries: this.#entries, clock, changed: () => this.#wake() });
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async enqueue(jobs: readonly NewJob[]): Promise<readonly JobId[]> {
    forEachJob(jobs, (job) => this.#assertAcceptable(job));
    const now = this.#clock.now();
    const ids = jobs.map((job) => {
      const seq = ++this.#pushed;
      const id = `${seq}-${randomId(6)}`;
      this.#entries.set(id, {
        id,
        seq,
        // A copy, so that the caller's later changes do not reach the queue.
        pushed: structuredClone(job),
        createdAt: now,
        state: "pending",
        attempts: 0,
        lostLeases: 0,
        visibleAt: now + (job.delayMs ?? 0),
      });
      return id;
    });
    this.#wake();
    return ids;
  }

  async lease({ leaseMs, waitMs, workerId, signal }: LeaseOptions): Promise<Lease | undefined> {
    assertSpan("a lease", leaseMs, { min: 1, max: CAPABILITIES.maxLeaseMs });
    const deadline = this.#clock.now() + waitMs;
    while (!signal?.aborted) {
      const lease = this.#claim(leaseMs, workerId);
      if (lease || this.#clock.now() >= deadline) return lease;
      await this.#nextChange(deadline, signal);
    }
    return undefined;
  }

  peek(limit: number): Promise<readonly Job[]> {
    const waiting = [...this.#entries.values()].filter(isPending).sort(byPlace);
    return Promise.resolve(waiting.slice(0, limit).map(jobOf));
  }

  counts(): Promise<Counts> {
    const now = this.#clock.now();
    const counts = { ready: 0, delayed: 0, running: 0, failed: 0, completed: 0 };
    for (const { state, visibleAt = 0 } of this.#entries.values()) {
      counts[state === "pending" ? (visibleAt > now ? "delayed" : "ready") : state]++;
    }
    return Promise.resolve(counts);
  }

  purge(_options?: CallOptions): Promise<number> {
    const waiting = [...this.#entries.values()].filter(isPending);
    for (const { id } of waiting) this.#entries.delete(id);
    return Promise.resolve(waiting.length);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #assertAcceptable(job: NewJob): void {
    assertRunnable(job);
    assertSpan("a delay", job.delayMs ?? 0, { min: 0, max: CAPABILITIES.maxDelayMs });
    const bytes = new TextEncoder().encode(JSON.stringify(job)).length;
    if (bytes > CAPABILITIES.maxPayloadBytes) {
      throw new UsageError(
        `the job with its environment is larger than ${CAPABILITIES.maxPayloadBytes} bytes`,
      );
    }
  }

  #claim(leaseMs: number, workerId: string | undefined): Lease | undefined {
    const now = this.#clock.now();
    const due = [...this.#entries.values()].filter(({ visibleAt }) =>
      visibleAt !== undefined && visibleAt <= now
    );
    for (const entry of due.sort(byPlace)) {
      if (entry.state === "running") entry.lostLeases++;
      if (entry.lostLeases >= MAX_LOST_LEASES) {
        entry.state = "failed";
        entry.attempts++;
        entry.failure = poisonFailure(entry.lostLeases, now);
        entry.finishedAt = now;
        entry.visibleAt = entry.token = undefined;
        continue;
      }
      entry.state = "running";
      entry.visibleAt = now + Math.round(leaseMs);
      entry.token = randomId(24);
      entry.workerId = workerId;
      return new MemoryLease(entry, { clock: this.#clock, changed: () => this.#wake() });
    }
    return undefined;
  }

  /** Until something changed, a job or a lease comes due, or the wait ends. */
  async #nextChange(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const instants = [...this.#entries.values()].flatMap(({ visibleAt }) => visibleAt ?? []);
    const changed = new AbortController();
    this.#waiting.add(changed);
    await this.#clock.sleep(
      Math.min(deadline, ...instants) - this.#clock.now(),
      signal ? AbortSignal.any([signal, changed.signal]) : changed.signal,
    );
    this.#waiting.delete(changed);
  }

  #wake(): void {
    for (const waiter of this.#waiting) waiter.abort();
  }
}
