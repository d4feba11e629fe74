import { DONE } from "../core/abort.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { formatDuration } from "../core/duration.ts";
import { errorMessage, isTransient } from "../core/errors.ts";
import type { Lease } from "../core/queue.ts";
import { randomId } from "../core/random_id.ts";
import { retryDelayMs, type RetryPolicy } from "../core/retry_policy.ts";
import { type Logger, silentLogger } from "../log/logger.ts";
import { type AttemptReport, runAttempt } from "./attempt.ts";
import { Gatekeeper } from "./gatekeeper.ts";
import { hostName } from "./host_name.ts";
import { askedLeaseMs } from "./lease_length.ts";
import { Presence } from "./presence.ts";
import { eventOf, logReport } from "./report.ts";
import { Retention } from "./retention.ts";
import { Slots } from "./slots.ts";
import { Tally } from "./tally.ts";
import { Turns } from "./turns.ts";
import type { LeaveReason, WorkerOptions, WorkerSummary } from "./worker_options.ts";

/** How a queue that cannot be reached is tried again. */
const LEASE_RETRY: Partial<RetryPolicy> = { baseMs: 250, capMs: 30_000 };

/**
 * Takes jobs from a queue and runs them, several at a time, until there are none or it is told to stop.
 *
 * ```ts
 * import { openQueue, processRunner, Worker } from "@jobq/jobq";
 *
 * await using queue = await openQueue(`${await Deno.makeTempDir()}/jobs.db`);
 * await queue.enqueue([{ task: { kind: "argv", argv: ["true"] } }, { task: { kind: "shell", command: "exit 3" } }]);
 * await using runner = processRunner();
 * const worker = new Worker({ queue, runner, slots: 2 });
 * const summary = await worker.run();
 * if (summary.completed !== 1 || summary.failed !== 1) throw new Error("wrong count");
 * ```
 */
export class Worker {
  readonly id: string;
  readonly #options: WorkerOptions;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #slots: Slots;
  readonly #leaseMs: number;
  readonly #gatekeeper: Gatekeeper;
  readonly #tally: Tally;
  readonly #turns = new Turns();
  /** No more jobs are taken. */
  readonly #stop = new AbortController();
  /** Running jobs are given back. */
  readonly #interrupt = new AbortController();
  /** … at once. */
  readonly #kill = new AbortController();
  #reason: LeaveReason = "idle";
  #error: unknown;
  #started = 0;
  #idleSince = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLogger;
    this.#clock = options.clock ?? systemClock;
    this.#slots = new Slots(options.slots ?? 1);
    this.#leaseMs = askedLeaseMs(options.queue, options.leaseMs);
    // One that is there for a number of jobs takes others instead.
    this.#tally = new Tally({ awaitsRefused: options.maxJobs === undefined });
    this.#gatekeeper = new Gatekeeper({
      queue: options.queue,
      settings: options.gates,
      reschedule: options.gateReschedule,
      stays: options.idleTimeoutMs === Infinity,
      clock: this.#clock,
      log: this.#log,
    });
    this.id = options.workerId ?? `worker-${randomId(10)}`;
  }

  /** How many jobs run at this moment. */
  get running(): number {
    return this.#slots.busy;
  }

  /** Takes no more jobs; `run()` resolves when the running ones have ended. */
  drain(): void {
    this.#leave("drained");
  }

  /** Stops the running jobs, gives them back and leaves. */
  interrupt(): void {
    this.#leave("interrupted");
    this.#interrupt.abort(DONE);
  }

  /** As `interrupt()`, without the grace time. */
  kill(): void {
    this.interrupt();
    this.#kill.abort(DONE);
  }

  /**
   * Works until there is a reason to leave.
   *
   * @throws {JobqError} when the queue is broken in a way that waiting does not mend, or this machine cannot run
   * jobs; the running ones have ended first
   */
  async run(): Promise<WorkerSummary> {
    const { queue, timeLimitMs, keepFinished: keep } = this.#options;
    const finished = new AbortController();
    if (timeLimitMs !== undefined && Number.isFinite(timeLimitMs)) {
      void this.#clock.sleep(timeLimitMs, finished.signal).then(() =>
        finished.signal.aborted || this.#endOfTime()
      );
    }
    this.#idleSince = this.#clock.now();
    await using _presence = this.#announce();
    await using _retention = keep && new Retention(queue, { keep, clock: this.#clock, log: this.#log });
    await using _gatekeeper = this.#gatekeeper;
    try {
      await this.#takeJobs();
    } finally {
      await this.#slots.allFree();
      finished.abort(DONE);
    }
    if (this.#error !== undefined) throw this.#error;
    return { reason: this.#reason, ...this.#tally.counts };
  }

  #announce(): AsyncDisposable | undefined {
    const { queue, slots = 1 } = this.#options;
    if (!queue.capabilities.keepsRecords) return undefined;
    return new Presence(queue.workers, {
      self: { id: this.id, host: hostName(), pid: Deno.pid, slots },
      clock: this.#clock,
      log: this.#log,
      onStop: (request) => request === "drain" ? this.drain() : this.interrupt(),
    });
  }

  async #takeJobs(): Promise<void> {
    const { maxJobs = Infinity } = this.#options;
    for (let failures = 0; !this.#stop.signal.aborted;) {
      // Those that their gates refuse are not among them.
      if (this.#started >= maxJobs) await this.#slots.allFree();
      if (this.#started >= maxJobs) return this.#leave("max-jobs");
      await this.#turns.next();
      const free = await this.#slots.free(this.#stop.signal);
      if (free === 0) return;
      try {
        // A job that ends may have made others ready: only a look at an idle worker's queue finds it empty.
        const wasIdle = this.#slots.busy === 0;
        // … and one that began before a job of its own came back may have missed that.
        const sawReturns = this.#clock.now() >= this.#returnsDueAt();
        const leases = await this.#nextLeases(Math.min(free, maxJobs - this.#started));
        failures = 0;
        if (this.#stop.signal.aborted) {
          // They came in the moment in which the worker was told to stop.
          await Promise.all(leases.map((lease) => lease[Symbol.asyncDispose]()));
        } else if (leases.length > 0) {
          for (const lease of leases) this.#start(lease);
        } else if (wasIdle && sawReturns && this.#idleLeftMs() <= 0) return this.#leave("idle");
      } catch (error) {
        if (!isTransient(error)) return this.#giveUp(error);
        const waitMs = retryDelayMs(++failures, LEASE_RETRY);
        this.#log.warn(`cannot take a job, trying again: ${errorMessage(error)}`, {
          in: formatDuration(waitMs),
        });
        await this.#clock.sleep(waitMs, this.#stop.signal);
      }
    }
  }

  #start(lease: Lease): void {
    this.#started++;
    this.#slots.run((slot) => this.#runJob(lease, slot).catch((error) => this.#giveUp(error)));
  }

  /** Up to `max` jobs, for slots that are free: no job waits here while its lease runs. */
  async #nextLeases(max: number): Promise<readonly Lease[]> {
    const { queue } = this.#options;
    // While jobs run there is no hurry to leave; the end of the last one cuts this wait short.
    const wait = this.#slots.busy > 0
      ? { waitMs: Infinity, until: this.#slots.whenIdle() }
      : { waitMs: this.#idleLeftMs() };
    const signal = wait.until ? AbortSignal.any([this.#stop.signal, wait.until]) : this.#stop.signal;
    const options = { leaseMs: this.#leaseMs, waitMs: wait.waitMs, signal, workerId: this.id };
    if (queue.leaseMany !== undefined) return await queue.leaseMany({ ...options, max });
    const lease = await queue.lease(options);
    return lease === undefined ? [] : [lease];
  }

  #idleLeftMs(): number {
    const { idleTimeoutMs = 0 } = this.#options;
    const now = this.#clock.now();
    return Math.max(0, this.#idleSince + idleTimeoutMs - now, this.#returnsDueAt() - now);
  }

  #returnsDueAt(): number {
    return this.#tally.returnsDueAt + this.#options.queue.capabilities.delayErrorMs;
  }

  async #runJob(lease: Lease, slot: number): Promise<void> {
    const { job } = lease;
    const startedAt = this.#clock.now();
    let isBegun = false;
    const begin = () => {
      isBegun = true;
      this.#options.onEvent?.({ kind: "job-started", job, slot });
    };
    const report = await this.#attempt(lease, slot, () => {
      begin();
      // Not its command, which may hold a secret: logs go further than queues.
      this.#log.info(`job ${job.id} started`, { slot, attempt: job.attempts + 1, name: job.name });
    });
    const durationMs = this.#clock.now() - startedAt;
    this.#idleSince = this.#clock.now();
    logReport(this.#log, job, { report, durationMs, slot });
    this.#leaveAfterFailures(slot, this.#tally.record(report, { slot, now: this.#clock.now() }));
    const isRefused = report.kind === "settled" && report.outcome.kind === "gated";
    if (!isBegun && !isRefused) begin();
    this.#options.onEvent?.(eventOf(job, { report, durationMs, slot }));
    if (isRefused) await this.#noteRefusal();
    if (report.kind === "not-run") this.#giveUp(report.error);
  }

  #attempt(lease: Lease, slot: number, onBegin: () => void): Promise<AttemptReport> {
    const { runner, queue, retry = {}, maxLogBytes, heartbeat, openBlobs, mountTable, env } = this.#options;
    return runAttempt(lease, {
      queue,
      runner,
      leaseMs: this.#leaseMs,
      heartbeat,
      retry,
      maxLogBytes,
      clock: this.#clock,
      log: this.#log,
      workerId: this.id,
      slot,
      gatekeeper: this.#gatekeeper,
      openBlobs,
      mountTable,
      env,
      onBegin,
      interrupt: this.#interrupt.signal,
      kill: this.#kill.signal,
    });
  }

  async #noteRefusal(): Promise<void> {
    this.#started--;
    if (!await this.#gatekeeper.refused(this.#stop.signal)) return;
    this.#log.warn(`the gates of ${this.#gatekeeper.limit} jobs in a row refused this worker; leaving`);
    this.#leave("not-qualified");
  }

  #leaveAfterFailures(slot: number, failures: number): void {
    const { maxConsecutiveFailures = 2 } = this.#options;
    if (failures <= maxConsecutiveFailures || this.#stop.signal.aborted) return;
    this.#log.error(`slot ${slot} failed ${failures} times in a row; leaving`, {
      limit: maxConsecutiveFailures,
    });
    this.#leave("too-many-failures");
    this.#interrupt.abort(DONE);
  }

  #endOfTime(): void {
    this.#log.info("the time limit is reached; giving the running jobs back", { running: this.running });
    this.#leave("time-limit");
    this.#interrupt.abort(DONE);
  }

  #giveUp(error: unknown): void {
    this.#error ??= error;
    this.#log.error(`${errorMessage(error)}; leaving after the running jobs`);
    this.#leave("drained");
  }

  /** The first reason counts. */
  #leave(reason: LeaveReason): void {
    if (this.#stop.signal.aborted) return;
    this.#reason = reason;
    this.#stop.abort(DONE);
  }
}
