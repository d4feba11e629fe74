import { DONE } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";

/** The longest time between two looks, in ms. */
const INTERVAL_MS = 1_000;

/** A lease that wants to hear of its cancelling. */
export interface WatchedLease {
  readonly token: string;
  readonly leaseMs: number;
  readonly onCancel: () => void;
}

/** Tells the holders of leases when their jobs are to be cancelled: one look a second, as long as there are leases. */
export class LeaseWatch<Lease extends WatchedLease> implements Disposable {
  readonly #clock: Clock;
  readonly #findCancelled: (leases: readonly Lease[]) => Promise<readonly Lease[]>;
  readonly #leases = new Map<string, Lease>();
  #isRunning = false;
  #isStopped = false;
  /** The wait for the next look. */
  #pause = { ms: 0, end: () => {} };

  /** @param findCancelled answers those of the leases whose jobs are to be cancelled */
  constructor(clock: Clock, findCancelled: (leases: readonly Lease[]) => Promise<readonly Lease[]>) {
    this.#clock = clock;
    this.#findCancelled = findCancelled;
  }

  add(lease: Lease): void {
    this.#leases.set(lease.token, lease);
    if (!this.#isRunning) void this.#run();
    else if (intervalOf(lease) < this.#pause.ms) this.#pause.end();
  }

  remove(token: string): void {
    this.#leases.delete(token);
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    this.#pause.end();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // It goes on for one more interval after the last lease: a timer for each of many short jobs would cost more.
    while (this.#leases.size > 0 && !this.#isStopped) {
      const ended = new AbortController();
      const ms = Math.min(...Array.from(this.#leases.values(), intervalOf));
      this.#pause = { ms, end: () => ended.abort(DONE) };
      await this.#clock.sleep(ms, ended.signal);
      if (!this.#isStopped) await this.#look();
    }
    this.#isRunning = false;
  }

  async #look(): Promise<void> {
    try {
      for (const { onCancel } of await this.#findCancelled(Array.from(this.#leases.values()))) onCancel();
    } catch {
      // The queue cannot be read at this moment. Who holds the lease hears of that by its next renewal.
    }
  }
}

/** How long a request to cancel this lease's job may go unnoticed, in ms. */
function intervalOf({ leaseMs }: WatchedLease): number {
  return Math.min(INTERVAL_MS, leaseMs / 3);
}
