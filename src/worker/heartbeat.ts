import { DONE, onAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { formatDuration } from "../core/duration.ts";
import { errorMessage, LeaseLostError } from "../core/errors.ts";
import type { Lease } from "../core/queue.ts";
import type { Logger } from "../log/logger.ts";

export interface HeartbeatOptions {
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** As in the queue's capabilities: then an outage, however long, does not end the lease. */
  readonly sharedOutages: boolean;
  /** As in the queue's capabilities: then all leases of the same length are renewed at the same moments. Default false. */
  readonly sharedRenewals?: boolean;
}

/** A failed renewal is repeated this many times between a third and the half of the lease, and on until it ends. */
const RETRIES_BEFORE_HALF = 4;

/**
 * Renews a lease at least at each third of its time until disposed. `lost` aborts when the lease is gone: the backend
 * says so, or no renewal succeeded until its end and others may have reached the queue meanwhile. A renewal that is
 * still under way is not a failed one: a backend that others may reach when we cannot has to end it in time.
 */
export class Heartbeat implements Disposable {
  readonly lost: AbortSignal;
  readonly #lost = new AbortController();
  readonly #stopped = new AbortController();
  readonly #lease: Lease;
  readonly #options: HeartbeatOptions;

  constructor(lease: Lease, options: HeartbeatOptions) {
    this.lost = this.#lost.signal;
    onAbort(lease.lost, () => this.#lost.abort(lease.lost.reason));
    this.#lease = lease;
    this.#options = options;
    void this.#beat();
  }

  [Symbol.dispose](): void {
    this.#stopped.abort(DONE);
  }

  async #beat(): Promise<void> {
    const { leaseMs, clock, log, sharedOutages, sharedRenewals = false } = this.#options;
    const stopped = this.#stopped.signal;
    const thirdMs = leaseMs / 3;
    const pauseMs = () => sharedRenewals ? thirdMs - clock.now() % thirdMs : thirdMs;
    let waitMs = pauseMs();
    for (;;) {
      await clock.sleep(waitMs, stopped);
      if (stopped.aborted || this.lost.aborted) return;
      try {
        await this.#lease.renew(leaseMs);
        waitMs = pauseMs();
      } catch (error) {
        if (stopped.aborted) return;
        const { id } = this.#lease.job;
        const leftMs = this.#lease.expiresAt - clock.now();
        if (error instanceof LeaseLostError || (leftMs <= 0 && !sharedOutages)) {
          return this.#lost.abort(new LeaseLostError(id, { cause: error }));
        }
        log.warn(`cannot renew the lease of job ${id}: ${errorMessage(error)}`, {
          left: formatDuration(Math.max(0, leftMs)),
        });
        const retryMs = (leaseMs / 2 - thirdMs) / RETRIES_BEFORE_HALF;
        waitMs = leftMs > 0 ? Math.min(retryMs, leftMs) : retryMs;
      }
    }
  }
}
