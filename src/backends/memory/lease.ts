import { LeaseLostError, UsageError } from "../../core/errors.ts";
import type { Failure } from "../../core/failure.ts";
import type { NewRefusal } from "../../core/gate.ts";
import type { Job, JsonValue } from "../../core/job.ts";
import { assertSpan } from "../../core/limits.ts";
import type { Lease, ParentResults } from "../../core/queue.ts";
import { resultProblem } from "../../core/result.ts";
import { type Entry, jobOf } from "../job_graph/entry.ts";
import type { JobTable } from "./job_table.ts";
import {
  endExecution,
  finish,
  finishCancelled,
  makePending,
  NO_REASON,
  refuseExecution,
} from "../job_graph/life.ts";

/** An entry that is in our hands, as long as it carries our hold. */
export class MemoryLease implements Lease {
  readonly job: Job;
  readonly lost: AbortSignal;
  readonly cancelled: AbortSignal;
  readonly #table: JobTable;
  readonly #entry: Entry;
  readonly #hold: AbortController;
  readonly #lost = new AbortController();
  #expiresAt: number;

  constructor(table: JobTable, entry: Entry, hold: AbortController) {
    this.job = jobOf(entry);
    this.lost = this.#lost.signal;
    this.cancelled = hold.signal;
    this.#table = table;
    this.#entry = entry;
    this.#hold = hold;
    this.#expiresAt = entry.visibleAt ?? 0;
  }

  get expiresAt(): number {
    return this.#expiresAt;
  }

  parentResults(): Promise<ParentResults> {
    const results = Array.from(this.#entry.parents.keys(), (id) => [id, this.#table.get(id)?.result ?? null]);
    return Promise.resolve(structuredClone(Object.fromEntries(results)));
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async renew(leaseMs: number): Promise<void> {
    assertSpan("a lease", leaseMs, { min: 1 });
    const now = this.#assertHeld();
    this.#entry.waitMs = Math.round(leaseMs);
    this.#expiresAt = this.#entry.visibleAt = now + this.#entry.waitMs;
    this.#table.changed();
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async ack(
    result?: JsonValue,
    { output, warning }: { output?: string; warning?: string } = {},
  ): Promise<void> {
    const problem = result === undefined ? undefined : resultProblem(result);
    if (problem !== undefined) throw new UsageError(`Cannot keep the job's result: ${problem}`);
    const now = this.#assertHeld();
    const exitCode = this.job.task.kind === "function" ? undefined : 0;
    endExecution(this.#entry, "completed", { now, exitCode, output });
    this.#entry.attempts++;
    this.#entry.result = structuredClone(result);
    this.#entry.warning = warning;
    finish(this.#table, [this.#entry], { state: "completed", now });
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async retry({ delayMs, failure }: { delayMs: number; failure: Failure }): Promise<void> {
    assertSpan("a delay", delayMs, { min: 0 });
    const now = this.#assertHeld();
    this.#fail(failure, now);
    this.#giveBack(delayMs, now);
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async release({ delayMs, output }: { delayMs: number; output?: string } = { delayMs: 0 }): Promise<void> {
    assertSpan("a delay", delayMs, { min: 0 });
    const now = this.#assertHeld();
    endExecution(this.#entry, "interrupted", { now, output });
    this.#giveBack(delayMs, now);
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async refuse({ delayMs, refusal }: { delayMs: number; refusal: NewRefusal }): Promise<void> {
    assertSpan("a delay", delayMs, { min: 0 });
    const now = this.#assertHeld();
    refuseExecution(this.#entry, refusal, now);
    this.#giveBack(delayMs, now);
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async cancel({ output }: { output?: string } = {}): Promise<void> {
    const now = this.#assertHeld();
    endExecution(this.#entry, "cancelled", { now, output });
    this.#cancel(now);
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async deadLetter(failure: Failure): Promise<void> {
    const now = this.#assertHeld();
    const state = this.#fail(failure, now);
    finish(this.#table, [this.#entry], { state, failure: this.#entry.failure, now });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#entry.hold === this.#hold) await this.release();
  }

  /** The attempt counts, and this came of it. */
  #fail(failure: Failure, now: number): "failed" | "timeout" {
    const { kind, message: error, exitCode, signal, output } = failure;
    const outcome = kind === "timed-out" ? "timeout" : "failed";
    endExecution(this.#entry, outcome, { now, error, exitCode, signal, output });
    this.#entry.attempts++;
    this.#entry.failure = structuredClone(failure);
    return outcome;
  }

  #giveBack(delayMs: number, now: number): void {
    if (this.#entry.cancelReason !== undefined) return this.#cancel(now);
    makePending(this.#entry, Math.round(delayMs), now);
    this.#table.changed();
  }

  #cancel(now: number): void {
    const reason = this.#entry.cancelReason ?? NO_REASON;
    finishCancelled(this.#table, [this.#entry], { reason, now });
  }

  /** Answers the time. */
  #assertHeld(): number {
    if (this.#entry.hold === this.#hold) return this.#table.clock.now();
    const error = new LeaseLostError(this.job.id);
    this.#lost.abort(error);
    throw error;
  }
}
