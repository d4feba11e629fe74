import { ChangeWatch } from "../../../src/backends/sqlite/change_watch.ts";
import { assertBetween, assertEquals } from "../../support/assert.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";

const noWatch = () => {
  throw new Deno.errors.NotSupported("inotify's limits are used up");
};

/** Answers how long `next()` took by the clock, which goes on whenever nothing else can happen. */
async function timeNext(watch: ChangeWatch, clock: ManualClock, limitMs: number): Promise<number> {
  const startedAt = clock.now();
  let done = false;
  const next = watch.next(limitMs).then(() => done = true);
  while (!done) await clock.advance((clock.wakesAt ?? clock.now()) - clock.now());
  await next;
  return clock.now() - startedAt;
}

test("a change of the file ends the wait, though no time for a poll has passed", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("wal");
  await Deno.writeTextFile(path, "");
  const clock = new ManualClock();
  using watch = new ChangeWatch(path, { clock });
  const waiting = watch.next(60_000);
  await clock.untilSleeping();
  await Deno.writeTextFile(path, "a commit");
  // No time has passed: only the watch can have ended the long sleep, for a short one until the commit is whole.
  await waitUntil(() => (clock.wakesAt ?? Infinity) <= clock.now() + 10, { what: "the watch's report" });
  await clock.advance(10);
  await waiting;
});

test("a change before next() is not missed", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("wal");
  await Deno.writeTextFile(path, "");
  const clock = new ManualClock();
  using watch = new ChangeWatch(path, { clock });
  await Deno.writeTextFile(path, "a commit");
  const waiting = watch.next(60_000);
  await waitUntil(() => (clock.wakesAt ?? Infinity) <= clock.now() + 10, { what: "the watch's report" });
  await clock.advance(10);
  await waiting;
});

test("without a change it is time for a look after a while", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("wal");
  await Deno.writeTextFile(path, "");
  const clock = new ManualClock();
  using watch = new ChangeWatch(path, { clock });
  assertBetween(await timeNext(watch, clock, 60_000), 750, 1_250);
});

test("where files cannot be watched it polls, soon at first and then every second", async () => {
  const clock = new ManualClock();
  using watch = new ChangeWatch("nowhere", { clock, watchFs: noWatch });
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) waits.push(await timeNext(watch, clock, 60_000));
  assertBetween(waits[0] ?? 0, 15, 35);
  assertBetween(waits.at(-1) ?? 0, 700, 1_300);
});

test("next() does not wait longer than its limit", async () => {
  const clock = new ManualClock();
  using watch = new ChangeWatch("nowhere", { clock, watchFs: noWatch });
  assertEquals(await timeNext(watch, clock, 7), 7);
});

test("next() ends when aborted", async () => {
  const clock = new ManualClock();
  using watch = new ChangeWatch("nowhere", { clock, watchFs: noWatch });
  const controller = new AbortController();
  const waiting = watch.next(60_000, controller.signal);
  await clock.untilSleeping();
  controller.abort();
  await waiting;
  assertEquals(clock.sleepers, 0);
});

test("a watch that breaks down is replaced by polling", async () => {
  const clock = new ManualClock();
  using watch = new ChangeWatch("x", { clock, watchFs: brokenWatcher });
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) waits.push(await timeNext(watch, clock, 60_000));
  assertBetween(waits.at(-1) ?? 0, 700, 1_300);
});

test("a disposed watch closes its watcher", () => {
  let closed = 0;
  const watch = new ChangeWatch("x", {
    clock: new ManualClock(),
    watchFs: () => ({ ...brokenWatcher(), close: () => closed++ }),
  });
  watch[Symbol.dispose]();
  watch[Symbol.dispose]();
  assertEquals(closed, 1);
});

function brokenWatcher(): Deno.FsWatcher {
  const events = {
    next: () => Promise.reject(new Error("queue overflow")),
    [Symbol.asyncIterator]: () => events,
  };
  return { ...events, close: () => {}, [Symbol.dispose]: () => {} };
}
