import { systemClock } from "../../../src/core/clock.ts";
import { BackendError } from "../../../src/core/errors.ts";
import type { SyncFile } from "../../../src/core/sync_destination.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { FrontDestination, SyncBench, treeOf } from "./sync_bench.ts";
import { counting, Failing, failureOf, Holding, isThere, setUp, textOf, untilOld } from "./watched_sync.ts";

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
