import type { Clock } from "../../core/clock.ts";
import { errorMessage, LeaseLostError, UnsupportedError } from "../../core/errors.ts";
import type { Failure } from "../../core/failure.ts";
import type { Job } from "../../core/job.ts";
import { assertSpan } from "../../core/limits.ts";
import type { Lease } from "../../core/queue.ts";
import { noteDeliveries } from "../../core/wire/deliveries.ts";
import { jsonNumber } from "../../core/wire/json_document.ts";
import type { TaskMessage } from "../../core/wire/task_message.ts";
import type { Logger } from "../../log/logger.ts";
import { fittingDeadLetter } from "./dead_texts.ts";
import type { HeldMessage } from "./held_message.ts";
import { MAX_VISIBILITY_MS, type MessageQueue } from "./message_queue.ts";
import type { Payloads } from "./payloads.ts";
import { MessageGoneError } from "./queue_calls.ts";
import { blobOf } from "./spilled.ts";
import { fittingRewrite } from "./stored_job.ts";

/** Where messages come from and go to. */
export interface Places {
  readonly messages: MessageQueue;
  /** The queue `<queue>-failed`. */
  readonly failed: MessageQueue;
  readonly payloads: Payloads;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A job that was received. */
export interface ReceivedJob {
  readonly held: HeldMessage;
  /** As it was received. */
  readonly text: string;
  readonly message: TaskMessage;
  readonly job: Job;
  /** How often the message was handed out, this time included. */
  readonly deliveries: number;
  /** How many of them were lost. */
  readonly lost: number;
}

/** A renewal waits for its answer at least this long, in ms. */
const MIN_RENEWAL_MS = 1_000;
/**
 * … and one try at most this long: the service answers within 30 s or never.
 * https://learn.microsoft.com/rest/api/storageservices/setting-timeouts-for-queue-service-operations
 */
const MAX_RENEWAL_TRY_MS = 45_000;
/** How long a message is kept while its copy is made among the dead letters, in ms. */
const MOVE_MS = 60_000;

/** A job that we received, for as long as nobody else does. */
export class MessageLease implements Lease {
  readonly job: Job;
  readonly lost: AbortSignal;
  /** The service has no way to tell a worker to stop a job. */
  readonly cancelled = new AbortController().signal;
  readonly #places: Places;
  readonly #received: ReceivedJob;
  readonly #lost = new AbortController();

  constructor(places: Places, received: ReceivedJob) {
    this.job = received.job;
    this.lost = this.#lost.signal;
    this.#places = places;
    this.#received = received;
  }

  get expiresAt(): number {
    return this.#received.held.expiresAt;
  }

  parentResults(): Promise<never> {
    return Promise.reject(
      new UnsupportedError("Cannot read results of parents: on Azure Storage Queue no job waits for others"),
    );
  }

  async renew(leaseMs: number): Promise<void> {
    assertSpan("a lease", leaseMs, { min: 1, max: MAX_VISIBILITY_MS });
    // Once an answer is lost, so is the receipt: time is better spent waiting for it than trying again.
    const patienceMs = Math.max(MIN_RENEWAL_MS, this.expiresAt - this.#places.clock.now());
    const tryTimeoutMs = Math.min(MAX_RENEWAL_TRY_MS, Math.max(MIN_RENEWAL_MS, patienceMs / 2));
    await this.#whileHeld((held) => held.keep(leaseMs, { patience: { patienceMs, tryTimeoutMs } }));
  }

  async ack(): Promise<void> {
    await this.#whileHeld((held) => held.remove());
    await this.#removePayload();
  }

  async retry({ delayMs, failure }: { delayMs: number; failure: Failure }): Promise<void> {
    const visibleInMs = toDelay(delayMs);
    const { message, deliveries, lost } = this.#received;
    const left = new Map([["num_retries", jsonNumber(Math.max(0, message.numRetries - 1))]]);
    const attempts = new Map([["attempts", jsonNumber(this.job.attempts + 1)]]);
    const text = fittingRewrite(message, [
      new Map([...left, ...attempts, ...noteDeliveries(deliveries, lost)]),
      left,
    ]);
    if (text !== undefined) return await this.#whileHeld((held) => held.giveBack(visibleInMs, text));
    // Given back as it is, it would be tried for ever.
    const reason = "its message has no room for the count of its retries";
    this.#places.log.warn(`job ${this.job.id} goes to the dead letters: ${reason}`);
    await this.deadLetter({ ...failure, message: `${failure.message}; ${reason}` });
  }

  async release({ delayMs }: { delayMs: number } = { delayMs: 0 }): Promise<void> {
    const visibleInMs = toDelay(delayMs);
    const { message, deliveries, lost } = this.#received;
    const text = fittingRewrite(message, [noteDeliveries(deliveries, lost)]);
    await this.#whileHeld((held) => held.giveBack(visibleInMs, text));
  }

  async refuse({ delayMs }: { delayMs: number }): Promise<void> {
    await this.release({ delayMs });
  }

  async cancel(): Promise<void> {
    await this.ack();
  }

  async deadLetter(failure: Failure): Promise<void> {
    const { text, message } = this.#received;
    const { failed, clock } = this.#places;
    const dead = fittingDeadLetter(text, message, failure);
    await this.#whileHeld(async (held) => {
      // Somebody else may have it by now: then it is not even copied.
      if (clock.now() >= held.expiresAt) await held.keep(MOVE_MS);
      await held.replaceBy(dead, failed);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#received.held.isSettled || this.lost.aborted) return;
    await this.release().catch((error) => {
      if (!(error instanceof LeaseLostError)) throw error;
    });
  }

  async #whileHeld(work: (held: HeldMessage) => Promise<void>): Promise<void> {
    const { held } = this.#received;
    try {
      await work(held);
    } catch (error) {
      if (!(error instanceof MessageGoneError)) throw error;
      const lost = new LeaseLostError(this.job.id);
      if (!held.isSettled) this.#lost.abort(lost);
      throw lost;
    }
  }

  async #removePayload(): Promise<void> {
    const blob = blobOf(this.#received.message);
    if (blob === undefined) return;
    const { payloads, log } = this.#places;
    await payloads.remove(blob).catch((error) =>
      log.warn(`the payload of job ${this.job.id} stays behind: ${errorMessage(error)}`, { blob })
    );
  }
}

/** A job may ask for retries after more than the service can wait for: then it comes back sooner, instead of never. */
function toDelay(delayMs: number): number {
  assertSpan("a delay", delayMs, { min: 0, max: Number.MAX_SAFE_INTEGER });
  return Math.min(delayMs, MAX_VISIBILITY_MS);
}
