import { BackendError } from "../../../src/core/errors.ts";
import type { SyncFile } from "../../../src/core/sync_destination.ts";
import { assert, assertRejects } from "../../support/assert.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { FrontDestination, SyncBench } from "./sync_bench.ts";

/** What a job makes to have its directory copied. */
export const MARKER = ".amlt_flush_upload";
/** Whether there is anything of that name. */
export const isThere = (path: string) => Deno.lstat(path).then(() => true, () => false);
/** What is in a file. */
export const textOf = (path: string) => Deno.readTextFile(path);

/** Counts what is copied, by name. */
export class Counting extends FrontDestination {
  readonly puts: string[] = [];

  override async put(file: SyncFile, options: { signal?: AbortSignal } = {}): Promise<void> {
    this.puts.push(file.name);
    await super.put(file, options);
  }
}

/** Waits in each copy until it is told to go on. */
export class Holding extends Counting {
  readonly gate = Promise.withResolvers<void>();
  aborted = 0;

  override async put(file: SyncFile, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    this.puts.push(file.name);
    const stopped = Promise.withResolvers<void>();
    signal?.addEventListener("abort", () => stopped.resolve(), { once: true });
    await Promise.race([this.gate.promise, stopped.promise]);
    if (signal?.aborted) this.aborted++;
    signal?.throwIfAborted();
    await FrontDestination.prototype.put.call(this, file, { signal });
  }
}

/** Fails for some files, as often as it is told. */
export class Failing extends Counting {
  readonly #fails: (name: string, times: number) => Error | undefined;

  constructor(
    inner: ConstructorParameters<typeof FrontDestination>[0],
    fails: (name: string, times: number) => Error | undefined,
  ) {
    super(inner);
    this.#fails = fails;
  }

  override async put(file: SyncFile, options: { signal?: AbortSignal } = {}): Promise<void> {
    const error = this.#fails(file.name, this.puts.filter((name) => name === file.name).length + 1);
    await super.put(file, options);
    if (error) throw error;
  }
}

/** Does something with the source of each copy when it is done, once for each file. */
export class Meddling extends FrontDestination {
  readonly #done = new Set<string>();
  readonly #meddle: (file: SyncFile) => Promise<void>;

  constructor(
    inner: ConstructorParameters<typeof FrontDestination>[0],
    meddle: (file: SyncFile) => Promise<void>,
  ) {
    super(inner);
    this.#meddle = meddle;
  }

  override async put(file: SyncFile, options: { signal?: AbortSignal } = {}): Promise<void> {
    await super.put(file, options);
    if (this.#done.has(file.name)) return;
    this.#done.add(file.name);
    await this.#meddle(file);
  }
}

/** A bench whose destination the test looks into. */
export async function setUp<Front extends FrontDestination>(
  make: (inner: ConstructorParameters<typeof FrontDestination>[0]) => Front,
  options: Parameters<typeof SyncBench.make>[0] = {},
): Promise<{ bench: SyncBench; front: Front }> {
  let front: Front | undefined;
  const bench = await SyncBench.make({ ...options, front: (inner) => front = make(inner) });
  assert(front);
  return { bench, front };
}

/** A bench whose destination counts. */
export const counting = (options: Parameters<typeof SyncBench.make>[0] = {}) =>
  setUp((inner) => new Counting(inner), options);

/** Waits until the system's clock for files has moved on: what is written before may be copied a second time. */
export async function untilOld(path: string): Promise<void> {
  await waitUntil(async () => Date.now() - ((await Deno.stat(path)).ctime?.getTime() ?? 0) > 60);
}

/** Lets one background round run to its end. */
export async function nextRound({ clock }: SyncBench): Promise<void> {
  await clock.untilSleeping();
  await clock.advance(30_000);
  await clock.untilSleeping();
}

/** What the last copy fails with, after all its pauses. */
export async function failureOf({ sync, clock }: SyncBench): Promise<BackendError> {
  let isOver = false;
  const failure = assertRejects(sync.finish(), BackendError).finally(() => isOver = true);
  await waitUntil(async () => {
    await clock.advance(1_000);
    return isOver;
  });
  return await failure;
}
