import { type FileState, fileStateOf, isGone } from "./file_state.ts";
import { FLUSH_MARKER } from "./flush_marker.ts";
import type { Selection } from "./globs.ts";
import { isTemporaryName } from "./temporary_name.ts";

/** Is told what a directory holds; names are paths below it, with "/" between their parts. */
export interface ScanVisitor {
  onFile(name: string, state: FileState): void;
  onEmptyDirectory(name: string, mode: number): void;
  /** What is no file, and so is not copied. */
  onSkipped(name: string, reason: string): void;
  /** What may be a file, but cannot be read; "" is the directory itself. */
  onFailure(name: string, error: unknown): void;
}

export interface ScanOptions {
  readonly selection: Selection;
  readonly visitor: ScanVisitor;
  readonly signal?: AbortSignal;
}

/** Heartbeats run in this process: no longer than this at a stretch, in ms. */
const STRETCH_MS = 20;
/** What stands for the bytes of a name that are no UTF-8. */
const UNREADABLE = "\uFFFD";

/**
 * Walks a directory. Links to files are taken for these, links to directories are not followed, and what vanishes
 * meanwhile is as if it had never been. The calls are synchronous, which takes a tenth of the time.
 */
export async function scan(directory: string, options: ScanOptions): Promise<void> {
  const { signal } = options;
  const walk = new Walk(directory, options);
  for (let startedAt = performance.now(); walk.step() && !signal?.aborted;) {
    if (performance.now() - startedAt < STRETCH_MS) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    startedAt = performance.now();
  }
}

class Walk {
  readonly #root: string;
  readonly #options: ScanOptions;
  readonly #directories: string[] = [""];
  #parent = "";
  #entries: Iterator<Deno.DirEntry> = [].values();

  constructor(root: string, options: ScanOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** Looks at one more entry; answers whether there was one. */
  step(): boolean {
    const { value, done } = this.#entries.next();
    if (done !== true) {
      this.#visit(value);
      return true;
    }
    const directory = this.#directories.pop();
    if (directory === undefined) return false;
    this.#enter(directory);
    return true;
  }

  #pathOf(name: string): string {
    return name === "" ? this.#root : `${this.#root}/${name}`;
  }

  #enter(directory: string): void {
    const { visitor, selection } = this.#options;
    this.#parent = directory === "" ? "" : `${directory}/`;
    this.#entries = [].values();
    try {
      const path = this.#pathOf(directory);
      const entries = [...Deno.readDirSync(path)];
      this.#entries = this.#distinct(entries).values();
      if (entries.length === 0 && directory !== "" && selection.covers(`${directory}/`)) {
        visitor.onEmptyDirectory(directory, (Deno.statSync(path).mode ?? 0o755) & 0o7777);
      }
    } catch (error) {
      // Nobody else than the job removes its directory: what was in it is gone.
      if (directory === "" || !isGone(error) || directory.includes(UNREADABLE)) {
        visitor.onFailure(directory, this.#explain(directory, error));
      }
    }
  }

  #visit({ name: ownName, isDirectory, isFile, isSymlink }: Deno.DirEntry): void {
    const { visitor, selection } = this.#options;
    const name = this.#parent + ownName;
    if (isTemporaryName(ownName) || (name === FLUSH_MARKER && !isDirectory)) return;
    if (isDirectory) {
      if (!selection.prunes(name)) this.#directories.push(name);
      return;
    }
    if (!selection.covers(name)) return;
    if (!isFile && !isSymlink) return visitor.onSkipped(name, "it is a pipe, a socket or a device");
    try {
      const info = Deno.statSync(this.#pathOf(name));
      if (info.isFile) return visitor.onFile(name, fileStateOf(info));
      if (!isSymlink) return;
      const target = info.isDirectory ? "a directory" : "a pipe, a socket or a device";
      visitor.onSkipped(name, `it is a link to ${target}, and only those to files are followed`);
    } catch (error) {
      if (isSymlink && isNowhere(error) && this.#isLink(name)) {
        return visitor.onSkipped(name, "it is a link to nothing");
      }
      if (!isGone(error) || name.includes(UNREADABLE)) {
        visitor.onFailure(name, this.#explain(name, error));
      }
    }
  }

  /** Names whose bytes are no UTF-8 come out alike: they cannot be told from each other, nor be opened. */
  #distinct(entries: readonly Deno.DirEntry[]): readonly Deno.DirEntry[] {
    const seen = new Set<string>();
    return entries.filter(({ name }) => {
      if (!name.includes(UNREADABLE)) return true;
      if (!seen.has(name)) return seen.add(name);
      this.#options.visitor.onFailure(this.#parent + name, new Error("several names look like this one"));
      return false;
    });
  }

  #explain(name: string, error: unknown): unknown {
    return isGone(error) && name.includes(UNREADABLE) ? new Error("its name is not valid UTF-8") : error;
  }

  #isLink(name: string): boolean {
    try {
      return Deno.lstatSync(this.#pathOf(name)).isSymlink;
    } catch {
      return false;
    }
  }
}

function isNowhere(error: unknown): boolean {
  return isGone(error) || error instanceof Deno.errors.FilesystemLoop;
}
