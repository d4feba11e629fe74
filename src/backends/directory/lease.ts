import { DONE } from "../../core/abort.ts";
import { LeaseLostError, UsageError } from "../../core/errors.ts";
import type { Failure } from "../../core/failure.ts";
import type { NewRefusal } from "../../core/gate.ts";
import { isFinished, type Job, type JobId, type JsonValue } from "../../core/job.ts";
import { assertSpan } from "../../core/limits.ts";
import type { Lease, ParentResults } from "../../core/queue.ts";
import { resultProblem } from "../../core/result.ts";
import { type Entry, jobOf } from "../job_graph/entry.ts";
import {
  endExecution,
  finish,
  finishCancelled,
  makePending,
  NO_REASON,
  refuseExecution,
} from "../job_graph/life.ts";
import { MAX_RESULT_BYTES } from "./capabilities.ts";
import type { DirectoryContext } from "./context.ts";
import { ALONE, tellChildrenOf } from "./finishing.ts";
import { explainForWorker, isMissing } from "./fs_errors.ts";
import { HolderFolder, stopName } from "./holder_folder.ts";
import type { HeldLease, Holder } from "./holder.ts";
import { encodeChange } from "./job_file.ts";
import { keyOfId, leasedName } from "./names.ts";
import { locate } from "./places.ts";
import type { StopWatch } from "./stop_watch.ts";
import { keepResult, loadJob, putUnchanged } from "./stored_jobs.ts";
import { shortenFile } from "./shorten_file.ts";
import { formatTicket } from "./ticket.ts";

interface LeaseParts {
  readonly held: HeldLease;
  readonly holder: Holder;
  readonly watch: StopWatch;
}

/**
 * A job whose file is in this process's folder. It is held as long as it is there: who takes it over renames it, and then
 * nothing that is done here finds it any more.
 */
export class DirectoryLease implements Lease {
  readonly job: Job;
  readonly lost: AbortSignal;
  readonly cancelled: AbortSignal;
  readonly ticket: string;
  readonly #context: DirectoryContext;
  readonly #entry: Entry;
  readonly #held: HeldLease;
  readonly #holder: Holder;
  readonly #watch: StopWatch;
  readonly #lost = new AbortController();
  readonly #cancelled = new AbortController();
  #expiresAt: number;
  /** Where the job's file is. */
  #path: string;
  #isSettled = false;

  constructor(context: DirectoryContext, entry: Entry, { held, holder, watch }: LeaseParts) {
    this.job = jobOf(entry);
    this.lost = this.#lost.signal;
    this.cancelled = this.#cancelled.signal;
    this.ticket = formatTicket(held);
    this.#context = context;
    this.#entry = entry;
    this.#held = held;
    this.#holder = holder;
    this.#path = holder.path(leasedName(held));
    this.#watch = watch;
    this.#expiresAt = entry.visibleAt ?? held.until;
    watch.add({
      token: held.token,
      leaseMs: held.waitMs,
      key: held.key,
      folder: holder.path("").slice(0, -1),
      onCancel: () => this.#cancelled.abort(DONE),
    });
  }

  get expiresAt(): number {
    const { clock, time } = this.#context;
    // Who holds it compares this with the host's own clock.
    return this.#expiresAt + clock.now() - time.now();
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async parentResults(): Promise<ParentResults> {
    try {
      return Object.fromEntries(Array.from(this.#entry.parents.keys(), (id) => [id, this.#resultOf(id)]));
    } catch (error) {
      throw explainForWorker(error, "read results of", this.#context.name);
    }
  }

  async renew(leaseMs: number): Promise<void> {
    assertSpan("a lease", leaseMs, { min: 1 });
    const waitMs = Math.round(leaseMs);
    const until = Math.round(this.#context.time.now() + waitMs);
    try {
      await this.#holder.renew(this.#held, until, waitMs);
    } catch (error) {
      throw this.#explain(error, "renew a lease on");
    }
    this.#expiresAt = until;
  }

  async ack(
    result?: JsonValue,
    { output, warning }: { output?: string; warning?: string } = {},
  ): Promise<void> {
    const problem = result === undefined ? undefined : resultProblem(result, MAX_RESULT_BYTES);
    if (problem !== undefined) throw new UsageError(`Cannot keep the job's result: ${problem}`);
    await this.#settle((entry, now) => {
      const exitCode = this.job.task.kind === "function" ? undefined : 0;
      endExecution(entry, "completed", { now, exitCode, output });
      entry.attempts++;
      Object.assign(entry, { result, warning });
      finish(ALONE, [entry], { state: "completed", now });
    });
  }

  async retry({ delayMs, failure }: { delayMs: number; failure: Failure }): Promise<void> {
    assertSpan("a delay", delayMs, { min: 0 });
    await this.#settle((entry, now) => {
      fail(entry, failure, now);
      this.#giveBack(entry, delayMs, now);
    });
  }

  async release({ delayMs, output }: { delayMs: number; output?: string } = { delayMs: 0 }): Promise<void> {
    assertSpan("a delay", delayMs, { min: 0 });
    await this.#settle((entry, now) => {
      endExecution(entry, "interrupted", { now, output });
      this.#giveBack(entry, delayMs, now);
    });
  }

  async refuse({ delayMs, refusal }: { delayMs: number; refusal: NewRefusal }): Promise<void> {
    assertSpan("a delay", delayMs, { min: 0 });
    await this.#settle((entry, now) => {
      refuseExecution(entry, refusal, now);
      this.#giveBack(entry, delayMs, now);
    }, { isRefusal: true });
  }

  async cancel({ output }: { output?: string } = {}): Promise<void> {
    await this.#settle((entry, now) => {
      endExecution(entry, "cancelled", { now, output });
      finishCancelled(ALONE, [entry], { reason: this.#stopReason() ?? NO_REASON, now });
    });
  }

  async deadLetter(failure: Failure): Promise<void> {
    await this.#settle((entry, now) => {
      const state = fail(entry, failure, now);
      finish(ALONE, [entry], { state, failure, now });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch.remove(this.#held.token);
    if (this.#isSettled || this.#lost.signal.aborted) return;
    try {
      await this.release();
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
    }
  }

  async #shorten(): Promise<void> {
    const { key } = this.#held;
    this.#path = await shortenFile(this.#context, this.#path, { key, execution: this.job.executions });
  }

  /** Writes what becomes of the job into its file, and moves that: with the second of these, it is so. */
  async #settle(
    change: (entry: Entry, now: number) => void,
    { isRefusal = false } = {},
  ): Promise<void> {
    if (this.#isSettled) throw this.#lose(undefined);
    const entry = copyOf(this.#entry);
    try {
      change(entry, this.#context.time.now());
      const resultFile = await keepResult(this.#context, entry.result, this.#held);
      if (isRefusal) await this.#shorten();
      await this.#append(encodeChange(entry, { token: this.#held.token, resultFile }));
      if (!this.#move(entry)) throw this.#lose(undefined);
    } catch (error) {
      throw this.#explain(error, "settle a job of");
    }
    this.#end();
    if (isFinished(entry.state)) await this.#tell(entry);
  }

  async #append(line: string): Promise<void> {
    using added = this.#context.files.append(this.#path, line);
    await added.sync();
  }

  /** Whether it was still ours to be moved. */
  #move(entry: Entry): boolean {
    return this.#context.files.exists(this.#path) && putUnchanged(this.#context, this.#path, entry);
  }

  #end(): void {
    this.#isSettled = true;
    this.#watch.remove(this.#held.token);
    this.#holder.forget(this.#held.token);
    // A request that came in the last moment is removed with the folder.
    if (this.#cancelled.signal.aborted) {
      HolderFolder.read(this.#context.files, this.#holder.id).forget(this.#held);
    }
  }

  /** The job is settled, whatever comes of this. */
  async #tell(entry: Entry): Promise<void> {
    try {
      await tellChildrenOf(this.#context, entry);
    } catch (error) {
      this.#context.log.warn(`jobs that wait for job ${entry.id} hear of its end later`, {
        reason: explainForWorker(error, "tell jobs of", this.#context.name).message,
      });
    }
  }

  #giveBack(entry: Entry, delayMs: number, now: number): void {
    const reason = this.#stopReason();
    if (reason !== undefined) finishCancelled(ALONE, [entry], { reason, now });
    else makePending(entry, Math.round(delayMs), now);
  }

  #stopReason(): string | undefined {
    const { key, token } = this.#held;
    return this.#context.files.read(this.#holder.path(stopName(key, token)));
  }

  #resultOf(id: JobId): JsonValue {
    const key = keyOfId(id);
    const location = key && locate(this.#context.files, key);
    return (location
      ? loadJob(this.#context, location, { maxResultBytes: Infinity })?.entry.result
      : undefined) ??
      null;
  }

  #explain(error: unknown, action: string): Error {
    if (error instanceof LeaseLostError || isMissing(error)) return this.#lose(error);
    return explainForWorker(error, action, this.#context.name);
  }

  #lose(cause: unknown): LeaseLostError {
    const error = cause instanceof LeaseLostError ? cause : new LeaseLostError(this.job.id, { cause });
    this.#watch.remove(this.#held.token);
    this.#lost.abort(error);
    return this.#lost.signal.reason as LeaseLostError;
  }
}

/** The attempt counts, and this came of it. */
function fail(entry: Entry, failure: Failure, now: number): "failed" | "timeout" {
  const { kind, message: error, exitCode, signal, output } = failure;
  const outcome = kind === "timed-out" ? "timeout" : "failed";
  endExecution(entry, outcome, { now, error, exitCode, signal, output });
  entry.attempts++;
  entry.failure = failure;
  return outcome;
}

/** What may be changed without changing the original. */
function copyOf(entry: Entry): Entry {
  const history = entry.history.map((execution) => ({ ...execution }));
  return { ...entry, history, latest: history.at(-1) };
}
