import { type Clock, systemClock } from "../../core/clock.ts";
import type { SyncFile } from "../../core/sync_destination.ts";
import { isTemporaryName } from "./temporary_name.ts";

/** Older temporary files are those of workers that were killed, in ms: no copy of one file takes a day. */
const STALE_MS = 86_400_000;
/** What is copied into a directory has to get there, whatever its own mode. */
const ENTER = 0o700;

/** The directories below a destination: each is made and tidied once, when something is first copied into it. */
export class TargetDirectories {
  readonly #root: string;
  readonly #source: string | undefined;
  readonly #clock: Clock;
  readonly #known = new Map<string, Promise<void>>();

  /** @param source the directory that is copied, if it is known: its own have the modes */
  constructor(root: string, { source, clock = systemClock }: { source?: string; clock?: Clock }) {
    this.#root = root;
    this.#source = source;
    this.#clock = clock;
  }

  /** Makes the directories that a file goes to, with the modes of those that it comes from; answers the last one's path. */
  async enter({ name, path }: SyncFile): Promise<string> {
    const at = name.lastIndexOf("/");
    if (at < 0) {
      await this.#once("", () => this.#tidy(this.#root));
      return this.#root;
    }
    const directory = name.slice(0, at);
    const source = path.slice(0, -name.length - 1);
    await this.#enter(directory, (other) => modeOf(source, other));
    return `${this.#root}/${directory}`;
  }

  /** Makes one directory, and those above it. */
  async make(name: string, mode: number): Promise<void> {
    const source = this.#source;
    await this.#enter(name, (other) => source === undefined || other === name ? mode : modeOf(source, other));
  }

  /** Looks at all of them anew: one is missing. */
  forget(): void {
    this.#known.clear();
  }

  #enter(directory: string, modeFor: (directory: string) => number): Promise<void> {
    return this.#once(directory, async () => {
      const at = directory.lastIndexOf("/");
      if (at >= 0) await this.#enter(directory.slice(0, at), modeFor);
      await this.#make(`${this.#root}/${directory}`, modeFor(directory) | ENTER);
    });
  }

  /** Never the destination itself: without it, its mount is missing. */
  async #make(path: string, mode: number): Promise<void> {
    try {
      await Deno.mkdir(path, { mode });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      if (!(await Deno.stat(path)).isDirectory) throw error;
      return await this.#tidy(path);
    }
    // What the process may not give by itself: umask(2).
    await Deno.chmod(path, mode).catch(() => {});
  }

  /** Removes what killed workers left. */
  async #tidy(path: string): Promise<void> {
    try {
      for await (const { name } of Deno.readDir(path)) {
        if (!isTemporaryName(name)) continue;
        // The time of modification is that of the file which is copied.
        const { ctime, mtime } = await Deno.lstat(`${path}/${name}`);
        if (this.#clock.now() - ((ctime ?? mtime)?.getTime() ?? Infinity) > STALE_MS) {
          await Deno.remove(`${path}/${name}`);
        }
      }
    } catch {
      // The copies matter more.
    }
  }

  #once(directory: string, work: () => Promise<void>): Promise<void> {
    let done = this.#known.get(directory);
    if (done === undefined) {
      done = work();
      this.#known.set(directory, done);
      done.catch(() => this.#known.delete(directory));
    }
    return done;
  }
}

function modeOf(source: string, directory: string): number {
  return (Deno.statSync(`${source}/${directory}`).mode ?? 0o755) & 0o7777;
}
