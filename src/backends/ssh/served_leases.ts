import { DONE, onAbort } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import { LeaseLostError } from "../../core/errors.ts";
import type { Lease } from "../../core/queue.ts";
import type { Event, WireLease } from "./messages.ts";

/** A lease that did not arrive within this is given back, in ms: its answer went nowhere. */
export const CONFIRM_MS = 30_000;

interface Served {
  readonly lease: Lease;
  readonly listening: DisposableStack;
  readonly confirmed: AbortController;
}

/** The leases that somebody on the other side of a connection holds through us. */
export class ServedLeases {
  readonly #clock: Clock;
  readonly #tell: (event: Event) => void;
  readonly #leases = new Map<number, Served>();
  readonly #releases = new Set<Promise<void>>();
  #last = 0;

  constructor(clock: Clock, tell: (event: Event) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /**
   * Takes note of a lease, for a message.
   *
   * @param isHeld it was held over there before; else that is to be confirmed
   * @param askedAt when the request for it came
   */
  add(lease: Lease, { isHeld, askedAt }: { isHeld: boolean; askedAt: number }): WireLease {
    const number = ++this.#last;
    const listening = new DisposableStack();
    const confirmed = new AbortController();
    this.#leases.set(number, { lease, listening, confirmed });
    const topic = `lease ${number}` as const;
    listening.use(onAbort(lease.lost, () => this.#tell({ event: "lost", topic })));
    listening.use(onAbort(lease.cancelled, () => this.#tell({ event: "cancelled", topic })));
    if (isHeld) confirmed.abort(DONE);
    else {
      void this.#clock.sleep(CONFIRM_MS, confirmed.signal).then(() => {
        if (!confirmed.signal.aborted) this.#giveBack(number);
      });
    }
    const { job, ticket } = lease;
    return { lease: number, job, endsAfterMs: lease.expiresAt - askedAt, ticket };
  }

  /** It has arrived. @throws {LeaseLostError} when it was given back, as that was not said in time */
  confirm(number: number): void {
    this.get(number);
  }

  /** @throws {LeaseLostError} when there is none of this number, any more */
  get(number: number): Lease {
    const served = this.#leases.get(number);
    if (served === undefined) throw new LeaseLostError(`of lease ${number}`);
    // Whoever uses it has it.
    served.confirmed.abort(DONE);
    return served.lease;
  }

  /** Does what ends a lease; should it fail, the lease can be settled again, unless it is lost. */
  async settle(number: number, work: (lease: Lease) => Promise<void>): Promise<void> {
    try {
      await work(this.get(number));
      this.#forget(number);
    } catch (error) {
      if (error instanceof LeaseLostError) this.#forget(number);
      throw error;
    }
  }

  /** Gives back what did not arrive, and leaves the rest to those who hold it. Never rejects. */
  async end(): Promise<void> {
    for (const [number, { confirmed }] of this.#leases) {
      if (confirmed.signal.aborted) this.#forget(number);
      else this.#giveBack(number);
    }
    await Promise.all(this.#releases);
  }

  #giveBack(number: number): void {
    const served = this.#leases.get(number);
    if (served === undefined) return;
    this.#forget(number);
    const release = served.lease.release().catch(() => {
      // Then it ends by itself.
    }).finally(() => this.#releases.delete(release));
    this.#releases.add(release);
  }

  #forget(number: number): void {
    const served = this.#leases.get(number);
    this.#leases.delete(number);
    served?.confirmed.abort(DONE);
    served?.listening[Symbol.dispose]();
  }
}
