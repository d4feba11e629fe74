import type { Clock } from "../../core/clock.ts";
import { BackendError, UsageError } from "../../core/errors.ts";
import type { PutOptions, SyncDestination, SyncFile } from "../../core/sync_destination.ts";
import { copyContents } from "./copy_contents.ts";
import { tellsLate } from "./filesystem_type.ts";
import { MountWatch, parentOf } from "./mount_watch.ts";
import { localPathOf } from "./parse_destination.ts";
import { codeOf, explain } from "./sync_errors.ts";
import { TargetDirectories } from "./target_directories.ts";
import { temporaryName } from "./temporary_name.ts";

export interface LocalDestinationOptions {
  /** Makes the directory where it is missing, which is an error otherwise: its mount may be. Default false. */
  readonly create?: boolean;
  /** The directory that is copied, in which the destination must not be. */
  readonly source?: string;
  /** The text of /proc/self/mountinfo, which a process with few rights cannot read itself. Default: read from there. */
  readonly mountTable?: () => string;
  /** Tells what was left there long ago. Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * A directory of this machine; usually a mounted container.
 *
 * @throws {UsageError} for what is not an absolute path
 */
export function localDestination(
  destination: string,
  options: LocalDestinationOptions = {},
): SyncDestination {
  return new LocalDestination(localPathOf(destination), options);
}

class LocalDestination implements SyncDestination {
  readonly name: string;
  readonly #options: LocalDestinationOptions;
  readonly #directories: TargetDirectories;
  #mount: MountWatch | undefined;
  #durable = false;

  constructor(path: string, options: LocalDestinationOptions) {
    this.name = path;
    this.#options = options;
    this.#directories = new TargetDirectories(path, options);
  }

  async prepare({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const action = `sync to "${this.name}"`;
    try {
      const { isDirectory, dev } = await this.#find();
      if (!isDirectory) throw new BackendError(`Cannot ${action}: it is not a directory`);
      await this.#refuseSource();
      signal?.throwIfAborted();
      await this.#tryToWrite();
      this.#mount = await MountWatch.start(this.name);
      this.#durable = tellsLate((this.#options.mountTable ?? readMountTable)(), dev);
    } catch (error) {
      throw signal?.aborted ? error : explain(error, action);
    }
  }

  async put(file: SyncFile, { signal, ready }: PutOptions = {}): Promise<void> {
    try {
      await this.#mount?.check();
      const directory = await this.#directories.enter(file);
      signal?.throwIfAborted();
      const temporary = `${directory}/${temporaryName()}`;
      try {
        await copyContents(file, temporary, { durable: this.#durable, signal });
        await ready?.();
        signal?.throwIfAborted();
        await Deno.rename(temporary, `${this.name}/${file.name}`);
      } catch (error) {
        await Deno.remove(temporary).catch(() => {});
        throw error;
      }
    } catch (error) {
      if (signal?.aborted) throw error;
      throw await this.#explain(error, file.name);
    }
  }

  async makeDirectory(name: string, { mode = 0o755 }: { mode?: number } = {}): Promise<void> {
    try {
      await this.#mount?.check();
      await this.#directories.make(name, mode);
    } catch (error) {
      throw await this.#explain(error, name);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  async #find(): Promise<Deno.FileInfo> {
    try {
      return await Deno.stat(this.name);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      if (!this.#options.create && !await isBelowMount(this.name)) {
        throw new BackendError(`Cannot sync to "${this.name}": there is no such directory on this machine`, {
          hint: "is the container mounted? Mount it, or have the directory made with --bg-dirsync-create",
          cause: error,
        });
      }
      await Deno.mkdir(this.name, { recursive: true });
      return await Deno.stat(this.name);
    }
  }

  async #refuseSource(): Promise<void> {
    const { source } = this.#options;
    if (source === undefined) return;
    const [inner, outer] = await Promise.all([Deno.realPath(this.name), Deno.realPath(source)]);
    if (!`${inner}/`.startsWith(`${outer}/`)) return;
    throw new UsageError(`Cannot sync to "${this.name}": it is in "${source}", the directory to be copied`, {
      hint: "name a directory outside of it",
    });
  }

  /** Rights alone do not tell: the disk may be full or mounted for reading only. */
  async #tryToWrite(): Promise<void> {
    const temporary = `${this.name}/${temporaryName()}`;
    try {
      await Deno.writeFile(temporary, new Uint8Array(1), { createNew: true });
    } finally {
      await Deno.remove(temporary).catch(() => {});
    }
  }

  /** The system's words for what is in the way do not say what it is. */
  async #explain(error: unknown, name: string): Promise<unknown> {
    const action = `copy "${name}" to "${this.name}"`;
    const refuse = (reason: string, hint?: string) =>
      new BackendError(`Cannot ${action}: ${reason}`, { hint, cause: error });
    switch (codeOf(error)) {
      case "EISDIR":
      case "ENOTEMPTY":
        return refuse(
          "there, a directory has that name",
          "remove or rename it there: it may hold other results",
        );
      case "ENOTDIR":
      case "EEXIST":
        return refuse("there, a file is in the place of a directory", "remove or rename it there");
      case "ENOENT":
        this.#directories.forget();
        if (await isMissing(this.name)) {
          return new BackendError(`Cannot ${action}: the destination is not there any more`, {
            transient: true,
            hint: "is the container still mounted?",
            cause: error,
          });
        }
        break;
    }
    return explain(error, action);
  }
}

function readMountTable(): string {
  try {
    return Deno.readTextFileSync("/proc/self/mountinfo");
  } catch {
    return "";
  }
}

/** Whether a missing directory would be on another filesystem than `/`: then what it is to be on is mounted. */
async function isBelowMount(path: string): Promise<boolean> {
  for (let parent = parentOf(path); parent !== undefined; parent = parentOf(parent)) {
    const found = await Deno.stat(parent).catch(() => undefined);
    if (found !== undefined) return found.isDirectory && found.dev !== (await Deno.stat("/")).dev;
  }
  return false;
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return false;
  } catch (error) {
    return codeOf(error) === "ENOENT";
  }
}
