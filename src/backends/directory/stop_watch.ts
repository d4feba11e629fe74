import { DONE } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import type { Files } from "./files.ts";
import { stopName } from "./holder_folder.ts";
import type { LeasedName } from "./names.ts";

/** The longest time between two looks, in ms. */
const INTERVAL_MS = 1_000;

/** A lease that wants to hear of its cancelling. */
export interface WatchedLease {
  readonly leased: LeasedName;
  /** The folder in which requests to stop it are put. */
  readonly folder: string;
  readonly onCancel: () => void;
}

/** Tells the holders of leases when their jobs are to be cancelled: one look a second, as long as there are leases. */
export class StopWatch implements Disposable {
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #leases = new Map<string, WatchedLease>();
  #isRunning = false;
  #isStopped = false;
  /** The wait for the next look. */
  #pause = { ms: 0, end: () => {} };

  constructor(files: Files, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
  }

  add(lease: WatchedLease): void {
    this.#leases.set(lease.leased.token, lease);
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
      if (!this.#isStopped) this.#look();
    }
    this.#isRunning = false;
  }

  #look(): void {
    try {
      const leases = Map.groupBy(this.#leases.values(), ({ folder }) => folder);
      for (const [folder, own] of leases) {
        const names = new Set(this.#files.list(folder).map(({ name }) => name));
        for (const { leased, onCancel } of own) if (names.has(stopName(leased.key, leased.token))) onCancel();
      }
    } catch {
      // The folder cannot be read at this moment. Who holds the lease hears of that by its next renewal.
    }
  }
}

/** How long a request to cancel this lease's job may go unnoticed, in ms. */
function intervalOf({ leased }: WatchedLease): number {
  return Math.min(INTERVAL_MS, leased.waitMs / 3);
}
