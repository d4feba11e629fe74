import { BackendError } from "../../core/errors.ts";
import { again, pause } from "./fs_calls.ts";
import { codeOf, isMissing } from "./fs_errors.ts";

/** A directory that another host made is seen here within this, in ms: NFS clients look again at the latest after 60 s. */
const MAX_UNSEEN_MS = 20_000;
const MAX_PAUSE_MS = 200;

const GROUP_WRITE = 0o020;
const DIRECTORY_MODE = 0o777;

/** What a name stands for. */
export interface Named {
  readonly name: string;
  readonly isDirectory: boolean;
}

/**
 * The names of a queue's files, by their paths below its directory. What is only looked at or renamed is done synchronously:
 * each call then takes microseconds instead of a tenth of a millisecond.
 *
 * A server of files may carry out a call and lose its answer; the client asks again, and is told that the thing to be
 * renamed is gone, or that the thing to be made exists. So whether a rename worked is judged by what is there after it.
 */
export class FileNames {
  readonly root: string;
  /** Whether what is acknowledged survives a power loss. */
  readonly isDurable: boolean;
  /** Others of the group may write to the queue, whatever this process's umask is. */
  readonly #isShared: boolean;

  constructor(root: string, { isDurable, isShared }: { isDurable: boolean; isShared: boolean }) {
    this.root = root;
    this.isDurable = isDurable;
    this.#isShared = isShared;
  }

  path(relative: string): string {
    return `${this.root}/${relative}`;
  }

  /** Undefined when there is no such thing. */
  stat(path: string): Deno.FileInfo | undefined {
    try {
      return again(() => Deno.lstatSync(this.path(path)));
    } catch (error) {
      if (isMissing(error) || codeOf(error) === "ENOTDIR") return undefined;
      throw error;
    }
  }

  exists(path: string): boolean {
    return this.stat(path) !== undefined;
  }

  /** In no order; nothing when there is no such directory. */
  list(path: string): Named[] {
    try {
      return again(() => Array.from(Deno.readDirSync(this.path(path))));
    } catch (error) {
      if (isMissing(error) || codeOf(error) === "ENOTDIR") return [];
      throw error;
    }
  }

  /** Sorted. */
  names(path: string): string[] {
    return this.list(path).map(({ name }) => name).sort();
  }

  /**
   * Renames a file or a directory; makes the directory that it goes to where that is missing.
   *
   * @param to no other thing ever has this name
   * @returns whether it is there now; false when there was nothing to rename
   */
  move(from: string, to: string): boolean {
    return this.inDirectory(to, () => {
      try {
        again(() => Deno.renameSync(this.path(from), this.path(to)));
        return true;
      } catch (error) {
        if (!isMissing(error)) throw error;
        if (this.exists(to)) return true;
        if (!this.exists(from)) return false;
        throw error;
      }
    });
  }

  /** Makes a directory and those above it, up to the queue's own. @returns whether it is new */
  makeDirectory(path: string): boolean {
    return this.inDirectory(path, () => this.#makeOne(path));
  }

  /**
   * Makes what a path is to be, and its directory where that is missing. One that another host has just made is not seen
   * here at once, although it cannot be made either: then all waits, for the work cannot go on anyhow.
   */
  protected inDirectory<T>(path: string, call: () => T): T {
    const begun = performance.now();
    const slash = path.lastIndexOf("/");
    for (let pauseMs = 1;; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      try {
        return call();
      } catch (error) {
        if (!isMissing(error) || slash < 0) throw error;
        if (this.makeDirectory(path.slice(0, slash))) continue;
        if (performance.now() - begun > MAX_UNSEEN_MS) {
          throw new BackendError(
            `"${path}" cannot be made: its directory exists, and is not seen here after ${
              MAX_UNSEEN_MS / 1_000
            } s`,
            { transient: true, cause: error },
          );
        }
        pause(pauseMs);
      }
    }
  }

  /** Whether it, or nothing of that name, was there. */
  remove(path: string): boolean {
    try {
      again(() => Deno.removeSync(this.path(path)));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  /** Removes a directory with all that is in it; what cannot be removed stays. */
  removeAll(path: string): void {
    try {
      Deno.removeSync(this.path(path), { recursive: true });
    } catch {
      // Somebody else may be at it, too.
    }
  }

  /** Removes a directory if nothing is in it. */
  removeIfEmpty(path: string): boolean {
    try {
      Deno.removeSync(this.path(path));
      return true;
    } catch {
      return false;
    }
  }

  /** Makes sure that the names in a directory survive a power loss. */
  async syncDirectory(path: string): Promise<void> {
    if (!this.isDurable) return;
    try {
      using directory = again(() => Deno.openSync(this.path(path), { read: true }));
      await directory.sync();
    } catch (error) {
      // It was emptied and removed meanwhile, or the filesystem knows no such thing.
      if (!isMissing(error) && codeOf(error) !== "EINVAL" && codeOf(error) !== "EBADF") throw error;
    }
  }

  #makeOne(path: string): boolean {
    try {
      again(() => Deno.mkdirSync(this.path(path)));
      this.share(path, DIRECTORY_MODE);
      return true;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      return false;
    }
  }

  /** Gives the group what the umask kept from it. */
  protected share(path: string, mode: number): void {
    if (!this.#isShared || (Deno.umask() & GROUP_WRITE) === 0) return;
    try {
      Deno.chmodSync(this.path(path), mode & 0o775);
    } catch {
      // It is somebody else's, who has done so.
    }
  }
}
