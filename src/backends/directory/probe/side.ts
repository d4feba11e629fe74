import { errorMessage } from "../../../core/errors.ts";
import type { FileOperations } from "./file_operations.ts";
import { race, type RacePlan, type RaceResult } from "./race.ts";

/** Something that should be seen of a file. */
export interface Sight {
  readonly directory: string;
  readonly name: string;
  /** By lstat(2), among the names of the directory, or by the file's content. */
  readonly by: "stat" | "list" | "content";
  /** Whether it is there; for `content`, its text. */
  readonly expected: boolean | string;
}

/** `held`: this side has it now; `refused`: another has it; otherwise why there are no locks. */
export type LockAnswer = "held" | "refused" | { readonly unsupported: string };

/** One of the two processes of the checks, and what it can be asked for. */
export interface Side {
  race(plan: RacePlan, signal?: AbortSignal): Promise<RaceResult>;
  /** Which of them are seen now. */
  look(sights: readonly Sight[], signal?: AbortSignal): Promise<readonly boolean[]>;
  /** Takes a lock on the file and keeps it. */
  lock(path: string, signal?: AbortSignal): Promise<LockAnswer>;
  /** Gives up the lock that it has on the file, if any. */
  unlock(path: string, signal?: AbortSignal): Promise<void>;
}

/** The side of the process that this runs in. */
export class LocalSide implements Side, Disposable {
  readonly #files: FileOperations;
  readonly #locks = new Map<string, Disposable>();

  constructor(files: FileOperations) {
    this.#files = files;
  }

  race(plan: RacePlan, signal?: AbortSignal): Promise<RaceResult> {
    return race(this.#files, plan, signal);
  }

  look(sights: readonly Sight[]): Promise<readonly boolean[]> {
    return Promise.all(sights.map((sight) => this.#sees(sight)));
  }

  async lock(path: string): Promise<LockAnswer> {
    if (this.#locks.has(path)) return "held";
    try {
      const lock = await this.#files.tryLock(path);
      if (lock === undefined) return "refused";
      this.#locks.set(path, lock);
      return "held";
    } catch (error) {
      return { unsupported: errorMessage(error) };
    }
  }

  unlock(path: string): Promise<void> {
    this.#locks.get(path)?.[Symbol.dispose]();
    this.#locks.delete(path);
    return Promise.resolve();
  }

  /** Gives up all its locks. */
  [Symbol.dispose](): void {
    for (const lock of this.#locks.values()) lock[Symbol.dispose]();
    this.#locks.clear();
  }

  async #sees({ directory, name, by, expected }: Sight): Promise<boolean> {
    const path = `${directory}/${name}`;
    switch (by) {
      case "stat":
        return await this.#files.exists(path) === expected;
      case "list":
        return (await this.#files.list(directory)).includes(name) === expected;
      case "content":
        return await this.#files.read(path) === expected;
      default:
        return by satisfies never;
    }
  }
}
