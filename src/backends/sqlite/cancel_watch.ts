import { DONE } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import type { Connection } from "./connection.ts";

/** The longest time between two looks, in ms. */
const INTERVAL_MS = 1_000;

const ASKED = `
  SELECT lease_token AS token FROM jobs
  WHERE seq IN (SELECT value FROM json_each(?)) AND cancel_reason IS NOT NULL`;

/** A lease that wants to hear of its cancelling. */
export interface WatchedLease {
  readonly seq: number;
  readonly token: string;
  readonly leaseMs: number;
  readonly onCancel: () => void;
}

/** Tells the holders of leases when their jobs are to be cancelled: one look a second, as long as there are leases. */
export class CancelWatch implements Disposable {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #leases = new Map<string, WatchedLease>();
  #isRunning = false;
  #isStopped = false;
  /** The wait for the next look. */
  #pause = { ms: 0, end: () => {} };

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  add(lease: WatchedLease): void {
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
    const seqs = JSON.stringify(Array.from(this.#leases.values(), ({ seq }) => seq));
    try {
      const rows = await this.#connection.read("read", () => this.#connection.prepare(ASKED).all(seqs));
      for (const { token } of rows) this.#leases.get(String(token))?.onCancel();
    } catch {
      // The file cannot be read at this moment. Who holds the lease hears of that by its next renewal.
    }
  }
}

/** How long a request to cancel this lease's job may go unnoticed, in ms. */
function intervalOf({ leaseMs }: WatchedLease): number {
  return Math.min(INTERVAL_MS, leaseMs / 3);
}
