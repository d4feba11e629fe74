import type { Files } from "./files.ts";
import type { QueueTime } from "./queue_time.ts";

/**
 * A listing is as good as new while its directory's time of change stays the same; unless the directory had been changed
 * within this time before it was listed, in ms: a later change may then have got the same time, on a coarse clock, and a
 * client of a file server may know the time sooner than the names.
 */
const RACY_MS = 30_000;

/** Such a listing, too, is taken for new for so long, in ms, by who can do with one that lacks the newest changes. */
const YOUNG_MS = 20;

/** The most listings that are remembered. */
const MAX_LISTINGS = 1_000;

interface Listing {
  names: readonly string[];
  mtime: number;
  /** By the clock that nobody sets. */
  readonly listedAt: number;
  isRacy: boolean;
}

/** A file at the bottom of a tree. */
export interface Leaf {
  readonly directory: string;
  readonly name: string;
}

export interface WalkOptions {
  /** Whether changes of the last 20 ms must be seen. Default false. */
  readonly isFresh?: boolean;
  /** Whether to look into a directory, by its path below the root. What comes after one that is not wanted is not looked at. */
  readonly isWanted?: (path: string) => boolean;
  /** Told of each directory of files in which there is none. */
  readonly onEmpty?: (directory: string) => void;
}

/**
 * Directories of directories, `depth` deep, whose names sort as the files in them are to be taken. It remembers what it
 * has seen, so that looking for the first file again costs one look at each directory on the way to it.
 */
export class OrderedTree {
  readonly #files: Files;
  readonly #time: QueueTime;
  readonly #root: string;
  readonly #depth: number;
  readonly #listings = new Map<string, Listing>();

  constructor(root: string, depth: number, { files, time }: { files: Files; time: QueueTime }) {
    this.#root = root;
    this.#depth = depth;
    this.#files = files;
    this.#time = time;
  }

  /** The files in their order, as they were when their directory was come to. */
  leaves(options: WalkOptions = {}): Generator<Leaf> {
    return this.#walk(this.#root, 0, options);
  }

  /** Whether there is a directory, by its path below the root. */
  has(path: string): boolean {
    let directory = this.#root;
    for (const name of path.split("/")) {
      if (!this.#names(directory, { isFresh: true }).includes(name)) return false;
      directory = `${directory}/${name}`;
    }
    return true;
  }

  /** Told that this process took a file away. */
  took({ directory, name }: Leaf): void {
    const listing = this.#listings.get(directory);
    const mtime = this.#mtime(directory);
    if (listing === undefined || mtime === undefined) return;
    listing.names = listing.names.filter((other) => other !== name);
    listing.mtime = mtime;
    listing.isRacy = true;
  }

  /** Told that a file is not there any more: others are at this directory. */
  missed({ directory }: Pick<Leaf, "directory">): void {
    this.#listings.delete(directory);
  }

  /** Told that this process put a file there. */
  put(directory: string): void {
    for (
      let path = directory;
      path.length >= this.#root.length;
      path = path.slice(0, path.lastIndexOf("/"))
    ) {
      this.#listings.delete(path);
    }
  }

  /** Takes away a directory in which nothing is, and those above it in which nothing else is, below the root. */
  prune(directory: string): void {
    for (let path = directory; path.length > this.#root.length; path = path.slice(0, path.lastIndexOf("/"))) {
      if (!this.#files.removeIfEmpty(path)) return;
      this.#listings.delete(path);
    }
  }

  *#walk(directory: string, level: number, options: WalkOptions): Generator<Leaf> {
    const { isWanted = () => true, onEmpty = () => {} } = options;
    const names = this.#names(directory, options);
    if (level === this.#depth) {
      if (names.length === 0) onEmpty(directory);
      for (const name of names) yield { directory, name };
      return;
    }
    for (const name of names) {
      // What people put there is no directory of ours.
      if (!/^\d+$/.test(name)) continue;
      const path = `${directory}/${name}`;
      if (!isWanted(path.slice(this.#root.length + 1))) return;
      yield* this.#walk(path, level + 1, options);
    }
  }

  #names(directory: string, { isFresh = false }: WalkOptions): readonly string[] {
    const mtime = this.#mtime(directory);
    if (mtime === undefined) {
      this.#listings.delete(directory);
      return [];
    }
    const known = this.#listings.get(directory);
    if (
      known?.mtime === mtime && (!known.isRacy || (!isFresh && performance.now() - known.listedAt < YOUNG_MS))
    ) {
      return known.names;
    }
    if (this.#listings.size >= MAX_LISTINGS) this.#listings.clear();
    const listing: Listing = {
      mtime,
      listedAt: performance.now(),
      isRacy: this.#time.now() - mtime < RACY_MS,
      names: this.#files.names(directory),
    };
    this.#listings.set(directory, listing);
    return listing.names;
  }

  #mtime(directory: string): number | undefined {
    return this.#files.stat(directory)?.mtime?.getTime();
  }
}
