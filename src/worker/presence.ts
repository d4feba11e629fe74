import { DONE } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { errorMessage } from "../core/errors.ts";
import type { StopRequest, WorkerPresence, WorkerRegistry, WorkerSelf } from "../core/workers.ts";
import type { Logger } from "../log/logger.ts";
import { atMost } from "../runner/at_most.ts";

/** How often a worker asks whether it is to leave, in ms. */
const REPORT_MS = 2_000;
/** A worker that leaves does not wait longer than this to be taken out, in ms: the queue may be locked for hours. */
const LEAVE_MS = 2_000;

export interface PresenceOptions {
  readonly self: WorkerSelf;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told how the worker is to leave, and again if that changes. */
  readonly onStop: (request: StopRequest) => void;
}

/**
 * Keeps a worker's entry among the others until disposed, and hears through it that the worker is to leave. Jobs
 * matter more: trouble with the entry is met by trying again, and never ends the worker.
 */
export class Presence implements AsyncDisposable {
  readonly #registry: WorkerRegistry;
  readonly #options: PresenceOptions;
  readonly #left = new AbortController();
  readonly #done: Promise<void>;
  #entry: WorkerPresence | undefined;
  #heard: StopRequest | undefined;

  constructor(registry: WorkerRegistry, options: PresenceOptions) {
    this.#registry = registry;
    this.#options = options;
    this.#done = this.#stay();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#left.abort(DONE);
    await atMost(LEAVE_MS, this.#done, this.#options);
  }

  async #stay(): Promise<void> {
    const { signal } = this.#left;
    while (!signal.aborted) {
      await this.#try("keep", () => this.#report());
      await this.#options.clock.sleep(REPORT_MS, signal);
    }
    await this.#try("take out", async () => await this.#entry?.[Symbol.asyncDispose]());
  }

  async #report(): Promise<void> {
    const { self, log, onStop } = this.#options;
    this.#entry ??= await this.#registry.register(self, { signal: this.#left.signal });
    const request = await this.#entry.report();
    if (request === undefined || request === this.#heard) return;
    this.#heard = request;
    log.info(`asked to leave ${request === "drain" ? "after the running jobs" : "at once"}`);
    onStop(request);
  }

  async #try(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.log.debug(`cannot ${what} this worker's entry: ${errorMessage(error)}`);
    }
  }
}
