import { DONE } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import { isFinished, type JobId, type JobState } from "../../core/job.ts";
import { type Entry, uniqueKeyOf } from "../job_graph/entry.ts";
import type { JobGraph } from "../job_graph/graph.ts";

/** The jobs of a queue, the time by which they live, and those who wait for a change. */
export class JobTable implements JobGraph {
  readonly clock: Clock;
  readonly #entries = new Map<JobId, Entry>();
  readonly #waiting = new Set<AbortController>();
  #pushed = 0;
  #changes = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** In the order in which they were pushed. */
  all(): Entry[] {
    return [...this.#entries.values()];
  }

  get(id: JobId): Entry | undefined {
    return this.#entries.get(id);
  }

  /** The jobs that wait, or waited, for this one. */
  childrenOf({ id }: Entry): Entry[] {
    return this.all().filter(({ parents }) => parents.has(id));
  }

  holderOfKey(key: string): Entry | undefined {
    return this.all().find((entry) => uniqueKeyOf(entry) === key && !isFinished(entry.state));
  }

  inStates(states: readonly JobState[]): Entry[] {
    return this.all().filter(({ state }) => states.includes(state));
  }

  requestStop(entry: Entry, reason: string): void {
    entry.cancelReason ??= reason;
    entry.hold?.abort(DONE);
  }

  reserveSeqs(count: number): number {
    const first = this.#pushed + 1;
    this.#pushed += count;
    return first;
  }

  add(entry: Entry): void {
    this.#entries.set(entry.id, entry);
  }

  /** Answers how many. */
  remove(entries: readonly Entry[]): number {
    for (const { id } of entries) this.#entries.delete(id);
    return entries.length;
  }

  /** How often something changed so far. */
  get changes(): number {
    return this.#changes;
  }

  /** Wakes those who wait. */
  changed(): void {
    this.#changes++;
    for (const waiter of this.#waiting) waiter.abort(DONE);
  }

  /** Resolves when something changed, a job or a lease comes due, `limitMs` have passed, or at the signal. */
  async nextChange(limitMs: number, signal?: AbortSignal): Promise<void> {
    const now = this.clock.now();
    const instants = this.all().flatMap(({ visibleAt = 0 }) => visibleAt > now ? visibleAt : []);
    const changed = new AbortController();
    this.#waiting.add(changed);
    await this.clock.sleep(
      Math.min(limitMs, ...instants.map((instant) => instant - now)),
      signal ? AbortSignal.any([signal, changed.signal]) : changed.signal,
    );
    this.#waiting.delete(changed);
  }
}
