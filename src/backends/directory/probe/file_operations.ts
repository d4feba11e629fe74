/** What the checks do to files; replaced in tests, for faults that no filesystem at hand has. */
export interface FileOperations {
  /** Makes an empty file; false when there is something of that name already. */
  createNew(path: string): Promise<boolean>;
  /** Writes a file in place, which is made when it is missing. */
  write(path: string, text: string): Promise<void>;
  /** Undefined when it is missing. */
  read(path: string): Promise<string | undefined>;
  /** By lstat(2). */
  exists(path: string): Promise<boolean>;
  /** The names in a directory, by readdir(3). */
  list(directory: string): Promise<readonly string[]>;
  rename(from: string, to: string): Promise<void>;
  link(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** The time of the last change as the filesystem has it, in ms since the epoch. */
  modifiedAt(path: string): Promise<number>;
  /** By fsync(2), of a file or a directory. */
  sync(path: string): Promise<void>;
  /**
   * Takes the file for itself by flock(2) until it is disposed or the process ends; undefined when another has it.
   * @throws where the filesystem has no locks
   */
  tryLock(path: string): Promise<Disposable | undefined>;
}

/** The system's own. */
export const systemFiles: FileOperations = {
  createNew: async (path) => {
    try {
      (await Deno.open(path, { write: true, createNew: true })).close();
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return false;
      throw error;
    }
  },
  write: (path, text) => Deno.writeTextFile(path, text),
  read: (path) => orMissing(Deno.readTextFile(path)),
  exists: async (path) => await orMissing(Deno.lstat(path)) !== undefined,
  list: async (directory) => (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name),
  rename: (from, to) => Deno.rename(from, to),
  link: (from, to) => Deno.link(from, to),
  remove: (path) => Deno.remove(path),
  modifiedAt: async (path) => {
    const { mtime } = await Deno.stat(path);
    if (mtime === null) throw new Error("it keeps no time of the last change");
    return mtime.getTime();
  },
  sync: async (path) => {
    using file = await Deno.open(path, { read: true });
    await file.sync();
  },
  tryLock: async (path) => {
    // NFS locks for writing only what is open for writing.
    const file = await Deno.open(path, { read: true, write: true });
    try {
      if (await file.tryLock(true)) return file;
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
    return undefined;
  },
};

async function orMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
