import type { Clock } from "../../core/clock.ts";
import { BackendError } from "../../core/errors.ts";
import type { PutOptions, SyncDestination } from "../../core/sync_destination.ts";
import { atATime } from "./at_a_time.ts";
import { CopiedFiles } from "./copied_files.ts";
import { type FileState, isUnchanged, readFileState } from "./file_state.ts";
import { type Selection, selectionOf } from "./globs.ts";
import { scan } from "./scan.ts";
import type { DirsyncSettings } from "./settings.ts";
import { explain } from "./sync_errors.ts";

export interface RoundsOptions {
  /** What is copied. */
  readonly directory: string;
  readonly destination: SyncDestination;
  readonly settings: DirsyncSettings;
  readonly clock: Clock;
  /** As of `put`. */
  readonly ready?: PutOptions["ready"];
  /** Told of what is not copied, or not removed, and that is no failure. */
  readonly onNote: (note: string) => void;
}

/** What could not be copied, and why. */
export interface SyncFailure {
  /** Its path below the directory; "" for the directory itself. */
  readonly name: string;
  readonly error: unknown;
}

export interface RoundResult {
  readonly copied: number;
  readonly copiedBytes: number;
  readonly failures: readonly SyncFailure[];
}

export interface RoundOptions {
  /** The job has ended: what changes even so is a failure, and what is copied need not be kept for it. */
  readonly isLast: boolean;
  readonly signal: AbortSignal;
}

/** The system's clock for files ticks every 10 ms at most: a file may be written twice between two ticks. */
const TICKS_MS = 50;
/** A file server's clock may be ahead, in ms; a time further in the future was set on purpose. */
const CLOCK_SKEW_MS = 60_000;

/** Copies what has changed in a directory, again and again, and remembers what was copied. */
export class Rounds {
  readonly #options: RoundsOptions;
  readonly #selection: Selection;
  readonly #copied = new CopiedFiles();
  readonly #madeDirectories = new Set<string>();

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#selection = selectionOf(options.settings.include, options.settings.exclude);
  }

  /** Once through the directory; never throws for what is in it. With an aborted signal it ends early. */
  async run(options: RoundOptions): Promise<RoundResult> {
    const round = new Round(this.#options, options);
    const { destination, directory, settings: { threads }, onNote } = this.#options;
    const { signal } = options;
    const files: string[] = [];
    const directories: { readonly name: string; readonly mode: number }[] = [];
    await scan(directory, {
      selection: this.#selection,
      signal,
      visitor: {
        onFile: (name, state) => {
          if (!this.#isDone(name, state, options)) files.push(name);
        },
        onEmptyDirectory: (name, mode) => {
          if (!this.#madeDirectories.has(name)) directories.push({ name, mode });
        },
        onSkipped: (name, reason) => onNote(`"${name}" is not copied: ${reason}`),
        onFailure: (name, error) => {
          const action = name === "" ? `read "${directory}"` : `copy "${name}" to "${destination.name}"`;
          round.failures.push({ name, error: explain(error, action) });
        },
      },
    });
    if (!signal.aborted) this.#copied.sweep();
    await atATime(threads, directories, {
      signal,
      work: ({ name, mode }) =>
        round.attempt(name, async () => {
          await destination.makeDirectory(name, { mode });
          this.#madeDirectories.add(name);
        }),
    });
    await atATime(threads, files, {
      signal,
      work: (name) => round.attempt(name, () => this.#copy(name, round)),
    });
    return round;
  }

  /** Whether this version of the file was copied; then it is removed, if it is to be. */
  #isDone(name: string, state: FileState, { isLast }: RoundOptions): boolean {
    const copiedAt = this.#copied.find(name, state);
    if (copiedAt === undefined) return false;
    const { settings: { everyMs, deleteAfterCopy }, clock } = this.#options;
    // What a job goes on writing to a removed file is lost: it has to lie still for a while.
    const isStill = isLast || clock.now() - copiedAt >= everyMs;
    if (deleteAfterCopy && isStill) this.#remove(name);
    return true;
  }

  async #copy(name: string, { isLast, signal, count }: Round): Promise<void> {
    const { directory, destination, settings, clock, ready } = this.#options;
    const path = `${directory}/${name}`;
    const now = Date.now();
    const before = readFileState(path);
    if (before === undefined) return;
    const { sizeBytes, modifiedAt, mode } = before;
    try {
      await destination.put({ path, name, sizeBytes, modifiedAt, mode }, { signal, ready });
    } catch (error) {
      if (readFileState(path) === undefined) return;
      throw error;
    }
    count(sizeBytes);
    const after = readFileState(path);
    if (after === undefined) return;
    if (!isUnchanged(before, after)) {
      if (!isLast) return;
      throw new BackendError(`Cannot copy "${name}" to "${destination.name}": it was changed meanwhile`, {
        transient: true,
        hint: "does the job leave a process behind that goes on writing?",
      });
    }
    const ageMs = now - modifiedAt;
    if (!isLast && ageMs < TICKS_MS && ageMs > -CLOCK_SKEW_MS) return;
    this.#copied.add(name, before, clock.now());
    if (settings.deleteAfterCopy && isLast) this.#remove(name);
  }

  #remove(name: string): void {
    try {
      Deno.removeSync(`${this.#options.directory}/${name}`);
      this.#copied.delete(name);
    } catch (error) {
      this.#options.onNote(
        `"${name}" is copied, but cannot be removed here: ${explain(error, "remove it").message}`,
      );
    }
  }
}

/** What one round comes to. */
class Round implements RoundResult {
  copied = 0;
  copiedBytes = 0;
  readonly failures: SyncFailure[] = [];
  readonly isLast: boolean;
  readonly signal: AbortSignal;
  readonly #destination: SyncDestination;

  constructor({ destination }: RoundsOptions, { isLast, signal }: RoundOptions) {
    this.#destination = destination;
    this.isLast = isLast;
    this.signal = signal;
  }

  readonly count = (bytes: number) => {
    this.copied++;
    this.copiedBytes += bytes;
  };

  async attempt(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.signal.aborted) return;
      this.failures.push({ name, error: explain(error, `copy "${name}" to "${this.#destination.name}"`) });
    }
  }
}
