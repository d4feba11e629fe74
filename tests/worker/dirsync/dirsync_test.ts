import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { FrontDestination, SyncBench, treeOf } from "./sync_bench.ts";
import {
  counting,
  Failing,
  failureOf,
  Holding,
  isThere,
  MARKER,
  Meddling,
  nextRound,
  setUp,
  textOf,
  untilOld,
} from "./watched_sync.ts";

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
