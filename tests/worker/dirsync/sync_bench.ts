import type { Clock } from "../../../src/core/clock.ts";
import type { SyncDestination } from "../../../src/core/sync_destination.ts";
import { createLogger } from "../../../src/log/logger.ts";
import { Dirsync } from "../../../src/worker/dirsync/dirsync.ts";
import { localDestination } from "../../../src/worker/dirsync/local_destination.ts";
import type { DirsyncSettings } from "../../../src/worker/dirsync/settings.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { TempDir } from "../../support/temp_dir.ts";

export const SETTINGS: DirsyncSettings = {
  everyMs: 30_000,
  threads: 5,
  include: [],
  exclude: [],
  deleteAfterCopy: false,
};

export interface SyncBenchOptions {
  readonly settings?: Partial<DirsyncSettings>;
  readonly clock?: Clock;
  /** Stands before the real destination. */
  readonly front?: (inner: SyncDestination) => SyncDestination;
  readonly signal?: AbortSignal;
}

/** A directory that is copied to another one while a test watches. */
export class SyncBench implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly logged: string[] = [];
  readonly #root: TempDir;
  #sync: Dirsync | undefined;

  private constructor(root: TempDir) {
    this.#root = root;
  }

  static async make(options: SyncBenchOptions = {}): Promise<SyncBench> {
    const bench = new SyncBench(await TempDir.make());
    await Deno.mkdir(bench.from());
    await Deno.mkdir(bench.to());
    const inner = localDestination(bench.to(), { source: bench.from() });
    bench.#sync = await Dirsync.start({
      directory: bench.from(),
      destination: options.front?.(inner) ?? inner,
      settings: { ...SETTINGS, ...options.settings },
      clock: options.clock ?? bench.clock,
      log: createLogger("debug", ({ level, message }) => bench.logged.push(`${level}: ${message}`)),
      signal: options.signal,
    });
    return bench;
  }

  get sync(): Dirsync {
    if (this.#sync === undefined) throw new Error("it is not started");
    return this.#sync;
  }

  get warnings(): readonly string[] {
    return this.logged.filter((line) => line.startsWith("warn: "));
  }

  /** The path of something in the directory that is copied. */
  from(name?: string): string {
    return this.#root.join(name === undefined ? "from" : `from/${name}`);
  }

  /** The path of something at the destination. */
  to(name?: string): string {
    return this.#root.join(name === undefined ? "to" : `to/${name}`);
  }

  /** Writes a file, and the directories above it. */
  async write(name: string, contents: string | Uint8Array = name): Promise<void> {
    await Deno.mkdir(this.from(name).replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeFile(
      this.from(name),
      typeof contents === "string" ? new TextEncoder().encode(contents) : contents,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sync?.[Symbol.asyncDispose]();
    await this.#root[Symbol.asyncDispose]();
  }
}

/** All files and directories below a path, sorted; directories end in "/". */
export function treeOf(path: string): readonly string[] {
  const names: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    names.push(isDirectory ? `${name}/` : name);
    if (isDirectory) names.push(...treeOf(`${path}/${name}`).map((inner) => `${name}/${inner}`));
  }
  return names.sort();
}

/** A destination that a test can look into; what it does not say goes to the real one. */
export class FrontDestination implements SyncDestination {
  readonly #inner: SyncDestination;

  constructor(inner: SyncDestination) {
    this.#inner = inner;
  }

  get name(): string {
    return this.#inner.name;
  }

  prepare(...args: Parameters<SyncDestination["prepare"]>): Promise<void> {
    return this.#inner.prepare(...args);
  }

  put(...args: Parameters<SyncDestination["put"]>): Promise<void> {
    return this.#inner.put(...args);
  }

  makeDirectory(...args: Parameters<SyncDestination["makeDirectory"]>): Promise<void> {
    return this.#inner.makeDirectory(...args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }
}
