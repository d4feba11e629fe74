import { onAbort } from "../core/abort.ts";
import { errorMessage } from "../core/errors.ts";
import type { WorkerEvent } from "../core/events.ts";
import type { JobId } from "../core/job.ts";
import type { JobRecord } from "../core/job_store.ts";
import type { Queue } from "../core/queue.ts";
import type { Logger } from "../log/logger.ts";
import { processRunner } from "../runner/process_runner.ts";
import { Worker } from "../worker/worker.ts";
import type { WorkerOptions } from "../worker/worker_options.ts";
import type { Io } from "./io.ts";
import { passThrough } from "./job_output.ts";
import { oneJobQueue } from "./one_job_queue.ts";
import { explain, takesJobs } from "./reason.ts";

export interface CaretakerOptions {
  readonly io: Io;
  /** What a worker takes from its environment. */
  readonly surroundings: Partial<WorkerOptions>;
  readonly log: Logger;
  readonly say: (text: string) => void;
  /** Whether the job may be run by this process at all. */
  readonly mayRun: boolean;
  /** Default: the worker's own. */
  readonly leaseMs?: number;
  readonly killTimeoutMs: number;
  readonly emulateTty: boolean;
  readonly maxLogBytes: number;
  /** Aborted to stop the job and give it back. */
  readonly signal: AbortSignal;
  /** Told the number of each execution that begins here. */
  readonly onExecution: (number: number) => void;
}

/** How often is looked whether somebody else would run the job, in ms. */
const LOOK_MS = 2_000;

/** Looks after a job that does not run, or whose worker is gone: when no other is there for it, runs it in this process. */
export class Caretaker {
  readonly #queue: Queue;
  readonly #id: JobId;
  readonly #options: CaretakerOptions;
  #lookedAt = -Infinity;
  #looks = 0;
  /** Its gate does not let it run here; it is asked again, and other workers may come. */
  #isRefused = false;

  constructor(queue: Queue, id: JobId, options: CaretakerOptions) {
    this.#queue = queue;
    this.#id = id;
    this.#options = options;
  }

  /** May be called as often as one likes; returns when there is nothing to do for the moment. */
  async look({ state, visibleAt = 0 }: JobRecord): Promise<void> {
    const { mayRun, signal, say } = this.#options;
    const now = Date.now();
    // A running job is well looked after until its lease has ended: then its worker is gone.
    const isRun = state === "running" && visibleAt > now;
    if (isRun || signal.aborted || now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    const isReady = state !== "blocked" && visibleAt <= now;
    if (mayRun && isReady && !await this.#hasWorker(now)) {
      if (!this.#isRefused) say(`no worker is on this queue: running job ${this.#id} here`);
      return await this.#run();
    }
    // A worker that is there takes the job before the second look, or there is something to be told.
    if (++this.#looks === 2) say(`${this.#id} ${(await explain(this.#queue, this.#id)).reason}`);
  }

  async #hasWorker(now: number): Promise<boolean> {
    const workers = await this.#queue.workers.list();
    return workers.some((worker) => takesJobs(worker, now));
  }

  /** Runs the job with its retries, until it has finished or somebody else has taken it. */
  async #run(): Promise<void> {
    const { io, surroundings, log, leaseMs, killTimeoutMs, emulateTty, maxLogBytes, signal, onExecution } =
      this.#options;
    const output = passThrough({ stdout: io.stdout, stderr: io.stderr, prefix: false });
    await using runner = processRunner({ killTimeoutMs, output, emulateTty, log });
    const worker = new Worker({
      ...surroundings,
      queue: oneJobQueue(this.#queue, this.#id),
      runner,
      leaseMs,
      maxLogBytes,
      maxConsecutiveFailures: Infinity,
      log,
      onEvent: (event) => {
        if (event.kind === "job-started") onExecution(event.job.executions);
        this.#noteRefusal(event);
      },
    });
    using _ = onAbort(signal, () => worker.interrupt());
    try {
      await worker.run();
    } catch (error) {
      // Whoever waits for the job is told that it is not run, which had better be true.
      await this.#queue.cancel([this.#id], { reason: errorMessage(error) });
      throw error;
    }
  }

  #noteRefusal(event: WorkerEvent): void {
    const isRefused = event.kind === "job-refused";
    if (isRefused && !this.#isRefused) {
      this.#options.say(
        `the gate of job ${this.#id} refuses it here (${event.reason}): waiting for it to pass, or for another worker`,
      );
    }
    this.#isRefused = isRefused;
  }
}
