/** A call of the runtime that changes something on the disk. */
type Call = () => unknown;

/** How the call that fails does so. */
export type FailingMode =
  /** As if the process had been killed before it: nothing that comes after it happens either. */
  | "killed"
  /** As on a disk without room; a write is done by half. Later calls work. */
  | "full"
  /** As "full", and all later calls fail, too, except those that give room back. */
  | "stays full";

/** How the runtime says that there is no room. */
function noRoom(): Error {
  return Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
}

/** What is thrown at the end of a process that did not end. */
export class Killed extends Error {}

/**
 * Until it is disposed, one of the calls by which this process changes files below a directory fails: the one after
 * `skip` others. Only synchronous calls are counted, which are those that the directory backend makes.
 */
export class FailingCalls implements Disposable {
  readonly #root: string;
  readonly #mode: FailingMode;
  readonly #stack = new DisposableStack();
  readonly #opened = new WeakSet<Deno.FsFile>();
  #left: number;
  #hasFailed = false;

  constructor(root: string, { skip, mode }: { skip: number; mode: FailingMode }) {
    this.#root = root;
    this.#mode = mode;
    this.#left = skip;
    this.#patch();
  }

  /** Whether one failed: else all that was to be done was done with fewer calls. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }

  #patch(): void {
    const { renameSync, mkdirSync, removeSync, openSync } = Deno;
    const { writeSync } = Deno.FsFile.prototype;
    const opened = this.#opened;
    const run = this.#run.bind(this);
    Deno.renameSync = (from, to) => run(from, () => renameSync(from, to));
    Deno.mkdirSync = (path, options) => run(path, () => mkdirSync(path, options));
    Deno.removeSync = (path, options) => run(path, () => removeSync(path, options), { givesRoom: true });
    Deno.openSync = (path, options) => {
      const open = () => {
        const file = openSync(path, options);
        if (String(path).startsWith(this.#root)) opened.add(file);
        return file;
      };
      return options?.create && !isThere(path) ? run(path, open) : open();
    };
    Deno.FsFile.prototype.writeSync = function (this: Deno.FsFile, bytes: Uint8Array): number {
      const half = () => writeSync.call(this, bytes.subarray(0, Math.floor(bytes.length / 2)));
      if (!opened.has(this)) return writeSync.call(this, bytes);
      return run(undefined, () => writeSync.call(this, bytes), { half });
    };
    this.#stack.defer(() => {
      Object.assign(Deno, { renameSync, mkdirSync, removeSync, openSync });
      Deno.FsFile.prototype.writeSync = writeSync;
    });
  }

  #run<T>(
    path: string | URL | undefined,
    call: () => T,
    { givesRoom = false, half }: { givesRoom?: boolean; half?: Call } = {},
  ): T {
    if (path !== undefined && !String(path).startsWith(this.#root)) return call();
    if (this.#hasFailed) {
      if (this.#mode === "killed") throw new Killed("killed");
      if (this.#mode === "stays full" && !givesRoom) throw noRoom();
      return call();
    }
    if (this.#mode !== "killed" && givesRoom) return call();
    if (this.#left-- > 0) return call();
    this.#hasFailed = true;
    half?.();
    if (this.#mode === "killed") throw new Killed("killed");
    throw noRoom();
  }
}

function isThere(path: string | URL): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
