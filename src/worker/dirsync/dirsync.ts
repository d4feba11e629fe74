import { DONE, onAbort } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import { BackendError, errorMessage, isTransient, JobqError } from "../../core/errors.ts";
import type { PutOptions, SyncDestination } from "../../core/sync_destination.ts";
import type { Logger } from "../../log/logger.ts";
import { answerFlushRequest, flushRequestIn } from "./flush_marker.ts";
import { type RoundResult, Rounds, type SyncFailure } from "./rounds.ts";
import type { DirsyncSettings } from "./settings.ts";

export interface DirsyncOptions {
  /** What is copied: absolute, and fresh for each execution of a job. */
  readonly directory: string;
  /** Where to; whoever made it disposes of it. */
  readonly destination: SyncDestination;
  readonly settings: DirsyncSettings;
  readonly clock: Clock;
  readonly log: Logger;
  /** As of `put` of a destination. */
  readonly ready?: PutOptions["ready"];
  /** Aborted when nothing should be waited for any more, as if the copies were disposed of. */
  readonly signal?: AbortSignal;
}

/** How often the job may ask for a copy, in ms. */
const FLUSH_POLL_MS = 500;
/** Before the last copy is tried again, in ms: what fails for a moment only may not cost a job its results. */
const LAST_PAUSES_MS: readonly number[] = [1_000, 3_000, 6_000];
/** More failures of one round are told of together. */
const TOLD_FAILURES = 3;

/**
 * Copies a directory while a job writes to it: what has changed, a while after the round before; at once when the job
 * makes `.amlt_flush_upload`, which is removed when all that was there is copied, and stays when something was not;
 * and a last time with `finish`.
 *
 * With `deleteAfterCopy`, a file goes when it was copied and lay unchanged for `everyMs` since, and with the last
 * round in any case. What a job writes later, to a file that it still holds open, is lost: no such job should use it.
 */
export class Dirsync implements AsyncDisposable {
  readonly #options: DirsyncOptions;
  readonly #rounds: Rounds;
  readonly #noted = new Set<string>();
  /** Of the files that failed in the round before, by their names. */
  #failedBefore: ReadonlyMap<string, string> = new Map();
  /** No further round. */
  readonly #ended = new AbortController();
  /** Nothing at all. */
  readonly #stopped = new AbortController();
  readonly #listener: Disposable | undefined;
  readonly #loop: Promise<void>;
  #finished: Promise<void> | undefined;

  private constructor(options: DirsyncOptions) {
    this.#options = options;
    this.#rounds = new Rounds({ ...options, onNote: (note) => this.#note(note) });
    this.#listener = options.signal && onAbort(options.signal, () => this.#stop());
    this.#loop = this.#repeat();
  }

  /** @throws {BackendError} {AccessDeniedError} {UsageError} when nothing can be copied to the destination */
  static async start(options: DirsyncOptions): Promise<Dirsync> {
    await options.destination.prepare({ signal: options.signal });
    return new Dirsync(options);
  }

  /**
   * Waits for a round that is under way and copies the rest, which is tried for about 10 s where the reason may pass.
   * A second call answers what the first one does.
   *
   * @throws {BackendError} when something could not be copied; the directory is then to be kept
   */
  finish({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    this.#finished ??= this.#finish(signal);
    return this.#finished;
  }

  /** Stops without a last round; a file that is on its way is not copied. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener?.[Symbol.dispose]();
    this.#stop();
    await this.#loop;
    await this.#finished?.catch(() => {});
  }

  #stop(): void {
    this.#stopped.abort(DONE);
    this.#ended.abort(DONE);
  }

  async #repeat(): Promise<void> {
    const { directory, settings: { everyMs }, clock } = this.#options;
    let dueAt = clock.now() + everyMs;
    // Refused or not, a request is answered once.
    let answered: string | undefined;
    for (;;) {
      await clock.sleep(Math.min(FLUSH_POLL_MS, dueAt - clock.now()), this.#ended.signal);
      if (this.#ended.signal.aborted) return;
      const request = flushRequestIn(directory);
      const isAsked = request !== undefined && request.touched !== answered;
      if (clock.now() < dueAt && !isAsked) continue;
      const { failures } = await this.#background();
      dueAt = clock.now() + everyMs;
      answered = request?.touched;
      if (request !== undefined && failures.length === 0) this.#answer(request);
    }
  }

  #answer(request: NonNullable<ReturnType<typeof flushRequestIn>>): void {
    if (this.#stopped.signal.aborted) return;
    try {
      answerFlushRequest(this.#options.directory, request);
    } catch (error) {
      this.#note(`cannot remove "${request.path}": ${errorMessage(error)}`);
    }
  }

  async #background(): Promise<RoundResult> {
    const result = await this.#rounds.run({ isLast: false, signal: this.#stopped.signal });
    this.#tell(result);
    const fresh = result.failures.filter(({ name, error }) =>
      this.#failedBefore.get(name) !== errorMessage(error)
    );
    for (const { error } of fresh.slice(0, TOLD_FAILURES)) {
      this.#options.log.warn(`${errorMessage(error)}; it is tried again`);
    }
    const more = fresh.length - TOLD_FAILURES;
    if (more > 0) this.#options.log.warn(`${more} more of its files cannot be copied; they are tried again`);
    this.#failedBefore = new Map(result.failures.map(({ name, error }) => [name, errorMessage(error)]));
    return result;
  }

  async #finish(signal: AbortSignal | undefined): Promise<void> {
    using _ = signal && onAbort(signal, () => this.#stop());
    this.#ended.abort(DONE);
    await this.#loop;
    const { clock, log } = this.#options;
    const stopped = this.#stopped.signal;
    let failures: readonly SyncFailure[] = [];
    for (const pauseMs of [...LAST_PAUSES_MS, undefined]) {
      const result = await this.#rounds.run({ isLast: true, signal: stopped });
      this.#tell(result);
      ({ failures } = result);
      if (stopped.aborted) break;
      const [first] = failures;
      if (first === undefined) return;
      if (pauseMs === undefined || !failures.some(({ error }) => isTransient(error))) break;
      log.warn(`${errorMessage(first.error)}; the last copy is tried again`, { failed: failures.length });
      await clock.sleep(pauseMs, stopped);
      if (stopped.aborted) break;
    }
    throw this.#explain(failures);
  }

  #explain(failures: readonly SyncFailure[]): BackendError {
    const { directory, destination } = this.#options;
    const action = `Cannot copy all of "${directory}" to "${destination.name}"`;
    const [first] = failures;
    const isStopped = this.#stopped.signal.aborted;
    const why = isStopped
      ? "it was stopped before the end"
      : `${failures.length} of its files could not be copied, the first because: ${
        errorMessage(first?.error)
      }`;
    const hint = `what is there is kept: copy "${directory}" from this machine yourself`;
    const firstHint = !isStopped && first?.error instanceof JobqError ? first.error.hint : undefined;
    return new BackendError(`${action}: ${why}`, {
      hint: firstHint === undefined ? hint : `${firstHint}; ${hint}`,
      transient: isStopped || failures.some(({ error }) => isTransient(error)),
      cause: first?.error,
    });
  }

  #tell({ copied, copiedBytes }: RoundResult): void {
    const { directory, destination, log } = this.#options;
    if (copied > 0) {
      log.debug(`copied from "${directory}" to "${destination.name}"`, { files: copied, bytes: copiedBytes });
    }
  }

  #note(note: string): void {
    if (this.#noted.has(note)) return;
    this.#noted.add(note);
    this.#options.log.warn(note);
  }
}
