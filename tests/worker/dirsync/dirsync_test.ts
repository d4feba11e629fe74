import { systemClock } from "../../../src/core/clock.ts";
import { BackendError } from "../../../src/core/errors.ts";
import type { SyncFile } from "../../../src/core/sync_destination.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { FrontDestination, SyncBench, treeOf } from "./sync_bench.ts";

const MARKER = ".amlt_flush_upload";
const isThere = (path: string) => Deno.lstat(path).then(() => true, () => false);
const textOf = (path: string) => Deno.readTextFile(path);

/** Counts what is copied, by name. */
class Counting extends FrontDestination {
  readonly puts: string[] = [];

  override async put(file: SyncFile, options: { signal?: AbortSignal } = {}): Promise<void> {
    this.puts.push(file.name);
    await super.put(file, options);
  }
}

/** Waits in each copy until it is told to go on. */
class Holding extends Counting {
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
class Failing extends Counting {
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

/** A bench whose destination the test looks into. */
async function setUp<Front extends FrontDestination>(
  make: (inner: ConstructorParameters<typeof FrontDestination>[0]) => Front,
  options: Parameters<typeof SyncBench.make>[0] = {},
): Promise<{ bench: SyncBench; front: Front }> {
  let front: Front | undefined;
  const bench = await SyncBench.make({ ...options, front: (inner) => front = make(inner) });
  assert(front);
  return { bench, front };
}

const counting = (options: Parameters<typeof SyncBench.make>[0] = {}) =>
  setUp((inner) => new Counting(inner), options);

/** Waits until the system's clock for files has moved on: what is written before may be copied a second time. */
async function untilOld(path: string): Promise<void> {
  await waitUntil(async () => Date.now() - ((await Deno.stat(path)).ctime?.getTime() ?? 0) > 60);
}

/** Lets one background round run to its end. */
async function nextRound({ clock }: SyncBench): Promise<void> {
  await clock.untilSleeping();
  await clock.advance(30_000);
  await clock.untilSleeping();
}

/** What the last copy fails with, after all its pauses. */
async function failureOf({ sync, clock }: SyncBench): Promise<BackendError> {
  let isOver = false;
  const failure = assertRejects(sync.finish(), BackendError).finally(() => isOver = true);
  await waitUntil(async () => {
    await clock.advance(1_000);
    return isOver;
  });
  return await failure;
}

test("what a job writes is copied every 30 s, and the rest when it has ended", async () => {
  await using bench = await SyncBench.make();
  await bench.write("a/first");
  await bench.clock.advance(29_999);
  assertEquals(treeOf(bench.to()), []);
  await bench.clock.advance(1);
  await waitUntil(() => isThere(bench.to("a/first")));
  await bench.clock.untilSleeping();
  await bench.write("a/second");
  await bench.sync.finish();
  assertEquals(treeOf(bench.to()), ["a/", "a/first", "a/second"]);
  assertEquals(await textOf(bench.to("a/second")), "a/second");
});

test("only files whose size or time has changed are copied again", async () => {
  const { bench, front } = await counting();
  await using _ = bench;
  for (const name of ["longer", "later", "same"]) await bench.write(name);
  await untilOld(bench.from("same"));
  await nextRound(bench);
  await bench.write("longer", "longer than before");
  await Deno.utime(bench.from("later"), new Date(5_000), new Date(5_000));
  await bench.sync.finish();
  assertEquals(front.puts.toSorted(), ["later", "later", "longer", "longer", "same"]);
  assertEquals((await Deno.stat(bench.to("later"))).mtime?.getTime(), 5_000);
});

/** Does something with the source of each copy when it is done, once for each file. */
class Meddling extends FrontDestination {
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

test("a file that is written again in the same instant, with the same size, is copied again", async () => {
  const { bench } = await setUp((inner) =>
    new Meddling(inner, async ({ path, modifiedAt }) => {
      await Deno.writeTextFile(path, "two");
      await Deno.utime(path, new Date(modifiedAt), new Date(modifiedAt));
    })
  );
  await using _ = bench;
  await bench.write("a", "one");
  // However long this test takes; a file server's clock may be ahead as well.
  const soon = new Date(Date.now() + 30_000);
  await Deno.utime(bench.from("a"), soon, soon);
  await nextRound(bench);
  assertEquals(await textOf(bench.to("a")), "one");
  await bench.sync.finish();
  assertEquals(await textOf(bench.to("a")), "two");
});

test("with deleteAfterCopy a file that is replaced while it is copied is copied too before it goes", async () => {
  const { bench } = await setUp((inner) =>
    new Meddling(inner, async ({ path, modifiedAt }) => {
      await Deno.writeTextFile(`${path}.new`, "two");
      await Deno.utime(`${path}.new`, new Date(modifiedAt), new Date(modifiedAt));
      await Deno.rename(`${path}.new`, path);
    }), { settings: { deleteAfterCopy: true } });
  await using _ = bench;
  await bench.write("a", "one");
  const done = bench.sync.finish();
  await waitUntil(() => bench.clock.sleepers === 1);
  await bench.clock.advance(1_000);
  await done;
  assertEquals([await textOf(bench.to("a")), treeOf(bench.from())], ["two", []]);
});

test("a file that vanishes while it is copied is no failure", async () => {
  const { bench } = await setUp((inner) =>
    new Meddling(inner, async ({ path }) => {
      await Deno.remove(path);
      throw new Error("where is it?");
    })
  );
  await using _ = bench;
  await bench.write("a", "one");
  await bench.sync.finish();
});

test("a file that is replaced by one of the same size and time is copied again", async () => {
  await using bench = await SyncBench.make();
  const old = new Date(1_000_000);
  await bench.write("a", "one");
  await Deno.utime(bench.from("a"), old, old);
  await untilOld(bench.from("a"));
  await nextRound(bench);
  await bench.write("new", "two");
  await Deno.utime(bench.from("new"), old, old);
  await Deno.rename(bench.from("new"), bench.from("a"));
  await bench.sync.finish();
  assertEquals(await textOf(bench.to("a")), "two");
});

test("2,000 files are all copied, at most 5 at a time", async () => {
  let running = 0;
  let most = 0;
  class Watched extends FrontDestination {
    override async put(...args: Parameters<FrontDestination["put"]>): Promise<void> {
      most = Math.max(most, ++running);
      await super.put(...args);
      running--;
    }
  }
  await using bench = await SyncBench.make({ front: (inner) => new Watched(inner) });
  for (let index = 0; index < 2_000; index++) await bench.write(`${index % 20}/${index}`);
  await bench.sync.finish();
  assertEquals(treeOf(bench.to()), treeOf(bench.from()));
  assertEquals(most, 5);
});

test("a job asks for a copy with .amlt_flush_upload, and sees it go when all is copied", async () => {
  await using bench = await SyncBench.make();
  await bench.write("a");
  await bench.write(MARKER, "");
  await bench.clock.advance(500);
  await waitUntil(async () => !await isThere(bench.from(MARKER)));
  assertEquals(treeOf(bench.to()), ["a"]);
});

test(".amlt_flush_upload that is made again while files are copied is another request", async () => {
  const { bench, front } = await setUp((inner) => new Holding(inner));
  await using _ = bench;
  await bench.write("a");
  await bench.write(MARKER, "");
  await bench.clock.advance(500);
  await waitUntil(() => front.puts.length > 0);
  await bench.write("b");
  await Deno.remove(bench.from(MARKER));
  await bench.write(MARKER, "");
  front.gate.resolve();
  await waitUntil(() => isThere(bench.to("a")));
  await bench.clock.untilSleeping();
  assert(await isThere(bench.from(MARKER)));
  await bench.clock.advance(500);
  await waitUntil(async () => !await isThere(bench.from(MARKER)));
  assertEquals(treeOf(bench.to()), ["a", "b"]);
});

test(".amlt_flush_upload stays while something cannot be copied, which is tried at the next round only", async () => {
  const { bench, front } = await setUp((inner) =>
    new Failing(inner, (_, times) => times === 1 ? new Error("no luck") : undefined)
  );
  await using _ = bench;
  await bench.write("a");
  await bench.write(MARKER, "");
  await bench.clock.advance(500);
  await waitUntil(() => bench.warnings.length > 0);
  await bench.clock.untilSleeping();
  await bench.clock.advance(29_000);
  assertEquals([front.puts.length, await isThere(bench.from(MARKER))], [1, true]);
  await bench.clock.advance(1_000);
  await waitUntil(async () => !await isThere(bench.from(MARKER)));
});

test("a failing file is one warning, is tried again, and keeps no other from being copied", async () => {
  const { bench, front } = await setUp((inner) =>
    new Failing(inner, (name, times) => name === "bad" && times < 4 ? new Error("no luck") : undefined)
  );
  await using _ = bench;
  await bench.write("bad");
  await bench.write("good");
  await untilOld(bench.from("good"));
  for (let round = 0; round < 3; round++) await nextRound(bench);
  assertEquals(front.puts.toSorted(), ["bad", "bad", "bad", "good"]);
  assertEquals(bench.warnings, [
    `warn: Cannot copy "bad" to "${bench.to()}": no luck; it is tried again`,
  ]);
  await bench.sync.finish();
  assertEquals(front.puts.length, 5);
});

test("many failures of one round are four warnings", async () => {
  const { bench } = await setUp((inner) => new Failing(inner, () => new Error("no luck")));
  await using _ = bench;
  for (let index = 0; index < 50; index++) await bench.write(`${index}`);
  await nextRound(bench);
  assertEquals(bench.warnings.length, 4);
  assertEquals(bench.warnings[3], "warn: 47 more of its files cannot be copied; they are tried again");
});

test("the last copy waits 1, 3 and 6 s for what may pass", async () => {
  const { bench, front } = await setUp((inner) =>
    new Failing(inner, (_, times) => times < 4 ? new BackendError("busy", { transient: true }) : undefined)
  );
  await using _ = bench;
  await bench.write("a");
  const start = bench.clock.now();
  const done = bench.sync.finish();
  for (const pause of [1_000, 3_000, 6_000]) {
    await waitUntil(() => bench.clock.sleepers === 1);
    assertEquals(bench.clock.wakesAt, bench.clock.now() + pause);
    await bench.clock.advance(pause);
  }
  await done;
  assertEquals([front.puts.length, bench.clock.now() - start], [4, 10_000]);
});

test("the last copy fails with the number of the files, the first reason and the directory that is kept", async () => {
  const { bench } = await setUp((inner) =>
    new Failing(inner, (name) => name.startsWith("bad") ? new BackendError(`no way for ${name}`) : undefined)
  );
  await using _ = bench;
  for (const name of ["bad1", "bad2", "good"]) await bench.write(name);
  const error = await assertRejects(bench.sync.finish(), BackendError);
  assertMatch(
    error.message,
    /^Cannot copy all of ".*\/from" to ".*\/to": 2 of its files could not be copied, the first because: no way for bad\d$/,
  );
  assertEquals(error.hint, `what is there is kept: copy "${bench.from()}" from this machine yourself`);
  assertEquals(error.transient, false);
  assertEquals(treeOf(bench.from()), ["bad1", "bad2", "good"]);
});

test("the last copy fails when a file never stops changing", async () => {
  class Restless extends FrontDestination {
    override async put(file: SyncFile, options: { signal?: AbortSignal } = {}): Promise<void> {
      await super.put(file, options);
      await Deno.writeTextFile(file.path, "more", { append: true });
    }
  }
  await using bench = await SyncBench.make({ front: (inner) => new Restless(inner) });
  await bench.write("a");
  assertMatch(
    (await failureOf(bench)).message,
    /the first because: Cannot copy "a" to ".*": it was changed meanwhile$/,
  );
});

test("a file that grows while it is copied is copied whole in the end", async () => {
  await using bench = await SyncBench.make({ clock: systemClock, settings: { everyMs: 10 } });
  using log = await Deno.open(bench.from("log"), { create: true, append: true });
  for (let turn = 0; turn < 300; turn++) {
    await log.write(new TextEncoder().encode(`line ${turn} ${"x".repeat(5_000)}\n`));
  }
  assert(await waitUntil(() => isThere(bench.to("log"))));
  await bench.sync.finish();
  assertEquals(await textOf(bench.to("log")), await textOf(bench.from("log")));
  assertEquals(bench.warnings, []);
});

test("finish() waits for a round that is under way and copies only the rest", async () => {
  const { bench, front } = await setUp((inner) => new Holding(inner));
  await using _ = bench;
  await bench.write("a");
  await untilOld(bench.from("a"));
  await bench.clock.advance(30_000);
  await waitUntil(() => front.puts.length === 1);
  await bench.write("b");
  const done = bench.sync.finish();
  front.gate.resolve();
  await done;
  assertEquals(front.puts, ["a", "b"]);
});

test("finish() twice copies once, and answers the same", async () => {
  const { bench, front } = await counting();
  await using _ = bench;
  await bench.write("a");
  await Promise.all([bench.sync.finish(), bench.sync.finish()]);
  await bench.sync.finish();
  assertEquals(front.puts, ["a"]);
});

test("after finish() nothing is copied any more", async () => {
  const { bench, front } = await counting();
  await using _ = bench;
  await bench.sync.finish();
  await bench.write("a");
  await bench.clock.advance(100_000);
  assertEquals([front.puts, bench.clock.sleepers], [[], 0]);
});

test("finish() that is aborted says so, and leaves no part of a file", async () => {
  const { bench, front } = await setUp((inner) => new Holding(inner));
  await using _ = bench;
  for (const name of ["a", "b", "c"]) await bench.write(name);
  const stop = new AbortController();
  const done = assertRejects(bench.sync.finish({ signal: stop.signal }), BackendError);
  await waitUntil(() => front.puts.length === 3);
  stop.abort("enough");
  assertMatch((await done).message, /it was stopped before the end$/);
  assertEquals([front.aborted, treeOf(bench.to())], [3, []]);
});

test("a sync that is disposed of stops at once, without a last copy", async () => {
  const { bench, front } = await setUp((inner) => new Holding(inner));
  await using _ = bench;
  await bench.write("a");
  await bench.clock.advance(30_000);
  await waitUntil(() => front.puts.length === 1);
  await bench.sync[Symbol.asyncDispose]();
  assertEquals([front.aborted, treeOf(bench.to()), bench.clock.sleepers], [1, [], 0]);
  assertEquals(bench.warnings, []);
});

test("the signal of start() ends everything, and finish() then fails", async () => {
  const stop = new AbortController();
  await using bench = await SyncBench.make({ signal: stop.signal });
  await bench.write("a");
  stop.abort("enough");
  const error = await assertRejects(bench.sync.finish(), BackendError);
  assertMatch(error.message, /it was stopped before the end$/);
  assertEquals(treeOf(bench.to()), []);
});

test("globs choose what is copied, and empty directories that they do not choose are not made", async () => {
  await using bench = await SyncBench.make({
    settings: { include: ["*.pt", "logs"], exclude: ["*", "*/"] },
  });
  for (const name of ["a.pt", "x/b.pt", "tmp/c.pt", "logs/run/d", "e.txt"]) await bench.write(name);
  for (const name of ["logs/empty", "empty", "tmp/empty"]) await Deno.mkdir(bench.from(name));
  await bench.sync.finish();
  assertEquals(
    treeOf(bench.to()),
    ["a.pt", "logs/", "logs/empty/", "logs/run/", "logs/run/d", "tmp/", "tmp/c.pt", "x/", "x/b.pt"],
  );
});

test("with deleteAfterCopy a file goes when it lay still for a whole round after its copy", async () => {
  await using bench = await SyncBench.make({ settings: { deleteAfterCopy: true } });
  await bench.write("done");
  await bench.write("growing");
  await untilOld(bench.from("growing"));
  await nextRound(bench);
  assertEquals(treeOf(bench.from()), ["done", "growing"]);
  await bench.write("growing", "growing more");
  await untilOld(bench.from("growing"));
  await nextRound(bench);
  assertEquals(treeOf(bench.from()), ["growing"]);
  await bench.sync.finish();
  assertEquals(treeOf(bench.from()), []);
  assertEquals(await textOf(bench.to("growing")), "growing more");
});

test("with deleteAfterCopy a round on demand removes nothing that was copied just before", async () => {
  await using bench = await SyncBench.make({ settings: { deleteAfterCopy: true } });
  await bench.write("a");
  await untilOld(bench.from("a"));
  await nextRound(bench);
  await bench.write(MARKER, "");
  await bench.clock.advance(500);
  await waitUntil(async () => !await isThere(bench.from(MARKER)));
  assertEquals(treeOf(bench.from()), ["a"]);
});

test("with deleteAfterCopy a link goes, and not the file that it leads to", async () => {
  await using bench = await SyncBench.make({ settings: { deleteAfterCopy: true, exclude: ["target"] } });
  await bench.write("target", "hello");
  await Deno.symlink("target", bench.from("link"));
  await bench.sync.finish();
  assertEquals([treeOf(bench.from()), await textOf(bench.to("link"))], [["target"], "hello"]);
});

test("with deleteAfterCopy a file that could not be copied stays", async () => {
  const { bench } = await setUp(
    (inner) => new Failing(inner, (name) => name === "bad" ? new BackendError("no way") : undefined),
    { settings: { deleteAfterCopy: true } },
  );
  await using _ = bench;
  await bench.write("bad");
  await bench.write("good");
  await assertRejects(bench.sync.finish(), BackendError);
  assertEquals(treeOf(bench.from()), ["bad"]);
});

test("a directory that becomes a file is refused, and what was copied of it stays", async () => {
  await using bench = await SyncBench.make();
  await bench.write("x/a");
  await nextRound(bench);
  await Deno.remove(bench.from("x"), { recursive: true });
  await bench.write("x");
  const error = await failureOf(bench);
  assertMatch(error.message, /: Cannot copy "x" to ".*": there, a directory has that name$/);
  assertMatch(
    error.hint ?? "",
    /^remove or rename it there: it may hold other results; what is there is kept: /,
  );
  assertEquals(treeOf(bench.to()), ["x/", "x/a"]);
});

test("a file that becomes a directory is refused, and what was copied of it stays", async () => {
  await using bench = await SyncBench.make();
  await bench.write("x");
  await nextRound(bench);
  await Deno.remove(bench.from("x"));
  await bench.write("x/y/a");
  const error = await failureOf(bench);
  assertMatch(
    error.message,
    /: Cannot copy "x\/y\/a" to ".*": there, a file is in the place of a directory$/,
  );
  assertEquals(treeOf(bench.to()), ["x"]);
});

test("a destination that is moved away is an error, and not made anew", async () => {
  await using bench = await SyncBench.make();
  await bench.write("x/a");
  await nextRound(bench);
  await waitUntil(() => isThere(bench.to("x/a")));
  await Deno.rename(bench.to(), `${bench.to()}.away`);
  await bench.write("b");
  await bench.write("y/c");
  const error = await failureOf(bench);
  assertMatch(
    error.message,
    /: 2 of its files could not be copied, .*the destination is not there any more$/,
  );
  assertMatch(error.hint ?? "", /^is the container still mounted\?; what is there is kept: /);
  assertEquals(await isThere(bench.to()), false);
});

test("a destination that comes back gets what it missed", async () => {
  await using bench = await SyncBench.make();
  await bench.write("x/a");
  await Deno.rename(bench.to(), `${bench.to()}.away`);
  await nextRound(bench);
  assertEquals(bench.warnings.length, 1);
  await Deno.rename(`${bench.to()}.away`, bench.to());
  await bench.sync.finish();
  assertEquals(treeOf(bench.to()), ["x/", "x/a"]);
});

test("a directory of the destination that somebody removes is made again", async () => {
  await using bench = await SyncBench.make();
  await bench.write("x/a");
  await nextRound(bench);
  await waitUntil(() => isThere(bench.to("x/a")));
  await Deno.remove(bench.to("x"), { recursive: true });
  await bench.write("x/b");
  const done = bench.sync.finish();
  await waitUntil(() => bench.clock.sleepers === 1);
  await bench.clock.advance(1_000);
  await done;
  assertEquals(treeOf(bench.to()), ["x/", "x/b"]);
});

test("a directory that the job removed itself is an error", async () => {
  await using bench = await SyncBench.make();
  await Deno.remove(bench.from());
  assertMatch(
    (await failureOf(bench)).message,
    /the first because: Cannot read ".*\/from": No such file or directory/,
  );
});

test("what is no file is told of once", async () => {
  await using bench = await SyncBench.make();
  await Deno.symlink("nowhere", bench.from("broken"));
  await nextRound(bench);
  await nextRound(bench);
  await bench.sync.finish();
  assertEquals(bench.warnings, ['warn: "broken" is not copied: it is a link to nothing']);
});
