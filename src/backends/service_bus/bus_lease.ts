import type { Clock } from "../../core/clock.ts";
import { AccessDeniedError, LeaseLostError, UnsupportedError } from "../../core/errors.ts";
import type { Failure } from "../../core/failure.ts";
import type { Job } from "../../core/job.ts";
import { assertSpan } from "../../core/limits.ts";
import type { Lease } from "../../core/queue.ts";
import type { Logger } from "../../log/logger.ts";
import { deadLetterNote } from "./dead_letter_note.ts";
import type { HeldMessage } from "./held_message.ts";
import { MAX_LOCK_MS } from "./lock_times.ts";
import { type Notes, notesOfBurial, notesOfCopy, notesOfReturn } from "./notes.ts";
import { LockLostError } from "./service_queue.ts";

export interface BusLeaseOptions {
  readonly held: HeldMessage;
  readonly job: Job;
  readonly notes: Notes;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * A message that is given back comes first again, and the worker that was refused would get no other. So from its second
 * delivery on it is replaced by a copy, which comes last; nor does the service then give it up for its deliveries.
 */
const DELIVERIES_BEFORE_COPY = 1;

/** A renewal waits for its answer at least this long, in ms. */
const MIN_RENEWAL_MS = 1_000;
/** … and one try at most this long: a settlement may be waiting behind it. */
const MAX_RENEWAL_TRY_MS = 10_000;

/** A job whose message we hold the lock of. */
export class BusLease implements Lease {
  readonly job: Job;
  readonly lost: AbortSignal;
  /** The service has no way to tell a worker to stop a job. */
  readonly cancelled = new AbortController().signal;
  readonly #held: HeldMessage;
  readonly #notes: Notes;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #lost = new AbortController();

  constructor({ held, job, notes, clock, log }: BusLeaseOptions) {
    this.job = job;
    this.lost = this.#lost.signal;
    this.#held = held;
    this.#notes = notes;
    this.#clock = clock;
    this.#log = log;
  }

  get expiresAt(): number {
    return this.#held.expiresAt;
  }

  parentResults(): Promise<never> {
    return Promise.reject(
      new UnsupportedError("Cannot read results of parents: on Azure Service Bus no job waits for others"),
    );
  }

  async renew(leaseMs: number): Promise<void> {
    assertSpan("a lease", leaseMs, { min: 1, max: MAX_LOCK_MS });
    const leftMs = Math.max(MIN_RENEWAL_MS, this.expiresAt - this.#clock.now());
    const tryTimeoutMs = Math.min(MAX_RENEWAL_TRY_MS, Math.max(MIN_RENEWAL_MS, leftMs / 2));
    await this.#whileHeld(() => this.#held.renew({ patienceMs: leftMs, tryTimeoutMs }));
  }

  async ack(): Promise<void> {
    await this.#whileHeld(() => this.#held.complete());
  }

  async retry({ delayMs }: { delayMs: number; failure: Failure }): Promise<void> {
    await this.#goBack(delayMs, this.#failedNotes);
  }

  async release({ delayMs }: { delayMs: number } = { delayMs: 0 }): Promise<void> {
    await this.#goBack(delayMs, this.#notes);
  }

  async refuse({ delayMs }: { delayMs: number }): Promise<void> {
    const asCopy = delayMs > 0 || this.#deliveries >= DELIVERIES_BEFORE_COPY;
    await this.#goBack(delayMs, this.#notes, { asCopy });
  }

  async cancel(): Promise<void> {
    await this.ack();
  }

  async deadLetter(failure: Failure): Promise<void> {
    const notes = this.#failedNotes;
    const note = deadLetterNote(failure, notes, notesOfBurial(notes, this.#deliveries));
    await this.#whileHeld(() => this.#held.bury(note));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#held.isSettled || this.lost.aborted) return;
    await this.release().catch((error) => {
      if (!(error instanceof LeaseLostError)) throw error;
    });
  }

  get #failedNotes(): Notes {
    return { ...this.#notes, attempts: this.#notes.attempts + 1 };
  }

  get #deliveries(): number {
    return this.#held.received.message.deliveryCount ?? 0;
  }

  /** At once, the message itself goes back; for later, only a copy can. */
  async #goBack(delayMs: number, notes: Notes, { asCopy = delayMs > 0 } = {}): Promise<void> {
    assertSpan("a delay", delayMs, { min: 0 });
    await this.#whileHeld(async () => {
      if (asCopy && await this.#replacedByCopy(delayMs, notes)) return;
      await this.#held.giveBack(notesOfReturn(notes, this.#deliveries));
    });
  }

  /** Who may only listen cannot send a copy: then the job comes back too early, instead of with its attempt uncounted. */
  async #replacedByCopy(delayMs: number, notes: Notes): Promise<boolean> {
    try {
      await this.#held.replaceByCopy(notesOfCopy(notes), delayMs);
      return true;
    } catch (error) {
      if (!(error instanceof AccessDeniedError)) throw error;
      this.#log.warn(`job ${this.job.id} goes back without delay: ${error.message}`, { hint: error.hint });
      return false;
    }
  }

  async #whileHeld(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof LockLostError)) throw error;
      const lost = new LeaseLostError(this.job.id);
      if (!this.#held.isSettled) this.#lost.abort(lost);
      throw lost;
    }
  }
}
