import type { Clock } from "../core/clock.ts";
import type { Job } from "../core/job.ts";
import { lazyImport } from "../core/lazy_import.ts";
import type { Queue } from "../core/queue.ts";
import type { Logger } from "../log/logger.ts";
import { DEFAULT_GATE_SETTINGS, type GateSettings } from "./gate/gate_settings.ts";
import type { GateContext, Gates, GateVerdict } from "./gate/gates.ts";
import { Refusals } from "./gate/refusals.ts";

export interface GatekeeperOptions {
  readonly queue: Queue;
  readonly settings?: GateSettings;
  /** Where a job cannot be given back for later, a copy of it takes its place; else this worker pauses instead. */
  readonly reschedule?: boolean;
  /** The worker stays whatever comes. */
  readonly stays: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A worker that gates refuse rests at least this long between jobs, in ms. */
const MIN_REST_MS = 1_000;

/** Lets a worker's jobs in if their gates do, and sees to it that refused ones do not come back at once. */
export class Gatekeeper implements AsyncDisposable {
  readonly #options: GatekeeperOptions;
  readonly #settings: GateSettings;
  readonly #refusals: Refusals;
  #gates: Promise<Gates> | undefined;
  #warned = false;

  constructor(options: GatekeeperOptions) {
    const { settings = DEFAULT_GATE_SETTINGS } = options;
    this.#options = options;
    this.#settings = settings;
    this.#refusals = new Refusals(settings.maxNotQualified);
  }

  /** How long a refused job stays away, in ms. */
  get delayMs(): number {
    return this.#pausesInstead ? 0 : this.#settings.requeueDelayMs;
  }

  /** So many refusals in a row make a worker leave. */
  get limit(): number {
    return this.#settings.maxNotQualified;
  }

  /**
   * Whether this worker may run the job.
   *
   * @throws {BackendError} when this machine starts no processes
   */
  async ask(job: Job, context: GateContext): Promise<GateVerdict> {
    if (job.gateCmd === undefined) return { kind: "passed" };
    const gates = await (this.#gates ??= this.#open().catch((error) => {
      this.#gates = undefined;
      throw error;
    }));
    return await gates.ask(job, job.gateCmd, context);
  }

  /** A job was let in and runs until this is disposed. */
  jobRuns(): Disposable {
    return this.#refusals.jobRuns();
  }

  /**
   * Takes note of a refusal, once the queue has been told; answers whether the worker had better leave. Where the job
   * would come back too soon, the caller's slot rests meanwhile.
   */
  async refused(signal: AbortSignal): Promise<boolean> {
    const isUseless = this.#refusals.refused();
    if (isUseless && !this.#options.stays) return true;
    if (this.#pausesInstead) this.#warn();
    // A worker that stays though it is of no use must not take all jobs of a queue in turns, as fast as it can.
    if (this.#pausesInstead || this.#refusals.isUseless) {
      const restMs = Math.max(this.#settings.requeueDelayMs, MIN_REST_MS);
      await this.#options.clock.sleep(restMs, signal);
    }
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#gates)?.[Symbol.asyncDispose]();
  }

  get #pausesInstead(): boolean {
    const { queue, reschedule = false } = this.#options;
    return !queue.capabilities.delayedRelease && !reschedule;
  }

  #warn(): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.log.warn(
      `jobs that their gates refuse come back at once: ${this.#options.queue.name} cannot delay them`,
      { hint: "this worker pauses instead; --gate-reschedule has copies of them come later" },
    );
  }

  async #open(): Promise<Gates> {
    const { clock, log } = this.#options;
    const { Gates } = await lazyImport<typeof import("./gate/gates.ts")>(
      import.meta.resolve("./gate/gates.ts"),
    );
    return new Gates({ settings: this.#settings, clock, log });
  }
}
