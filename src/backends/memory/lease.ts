import type { Clock } from "../../core/clock.ts";
import { LeaseLostError } from "../../core/errors.ts";
import type { Failure } from "../../core/failure.ts";
import type { Job, JsonValue } from "../../core/job.ts";
import { assertSpan } from "../../core/limits.ts";
import type { Lease } from "../../core/queue.ts";
import { type Entry, jobOf } from "./entry.ts";

export interface MemoryLeaseOptions {
  readonly clock: Clock;
  /** Called after each change that others may wait for. */
  readonly changed: () => void;
}

/** An entry that carries our token. */
export class MemoryLease implements Lease {
  readonly job: Job;
  readonly lost: AbortSignal;
  readonly #entry: Entry;
  readonly #token: string | undefined;
  readonly #options: MemoryLeaseOptions;
  readonly #lost = new AbortController();
  #expiresAt: number;
  #settled = false;

  constructor(entry: Entry, options: MemoryLeaseOptions) {
    this.job = jobOf(entry);
    this.lost = this.#lost.signal;
    this.#entry = entry;
    this.#token = entry.token;
    this.#options = options;
    this.#expiresAt = entry.visibleAt ?? 0;
  }

  get expiresAt(): number {
    return this.#expiresAt;
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async renew(leaseMs: number): Promise<void> {
    assertSpan("a lease", leaseMs, { min: 1 });
    this.#change((now) => ({ visibleAt: now + Math.round(leaseMs) }));
    this.#expiresAt = this.#entry.visibleAt ?? 0;
  }

  ack(result?: JsonValue): Promise<void> {
    const kept = result === undefined ? undefined : structuredClone(result);
    return this.#settle((now) => ({
      state: "completed",
      attempts: this.#entry.attempts + 1,
      result: kept,
      failure: undefined,
      finishedAt: now,
      visibleAt: undefined,
    }));
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async retry({ delayMs, failure }: { delayMs: number; failure: Failure }): Promise<void> {
    assertSpan("a delay", delayMs, { min: 0 });
    return this.#settle((now) => ({
      state: "pending",
      attempts: this.#entry.attempts + 1,
      failure: structuredClone(failure),
      visibleAt: now + Math.round(delayMs),
    }));
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async release({ delayMs }: { delayMs: number } = { delayMs: 0 }): Promise<void> {
    assertSpan("a delay", delayMs, { min: 0 });
    // Without a delay the job takes its old place at the head.
    return this.#settle((now) => ({
      state: "pending",
      visibleAt: delayMs > 0 ? now + Math.round(delayMs) : this.#entry.createdAt,
    }));
  }

  deadLetter(failure: Failure): Promise<void> {
    return this.#settle((now) => ({
      state: "failed",
      attempts: this.#entry.attempts + 1,
      failure: structuredClone(failure),
      finishedAt: now,
      visibleAt: undefined,
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#settled || this.lost.aborted) return;
    await this.release().catch((error) => {
      if (!(error instanceof LeaseLostError)) throw error;
    });
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async #settle(changes: (now: number) => Partial<Entry>): Promise<void> {
    this.#change((now) => ({ ...changes(now), token: undefined }));
    this.#settled = true;
  }

  #change(changes: (now: number) => Partial<Entry>): void {
    if (this.#token === undefined || this.#entry.token !== this.#token) {
      const error = new LeaseLostError(this.job.id);
      this.#lost.abort(error);
      throw error;
    }
    Object.assign(this.#entry, changes(this.#options.clock.now()));
    this.#options.changed();
  }
}
