import { progressSource } from "../../../src/backends/sqlite/progress.ts";
import type { Clock } from "../../../src/core/clock.ts";
import { BackendError, UsageError } from "../../../src/core/errors.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { FAILURE, shellJob } from "../../support/jobs.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { SqliteFixture } from "../../support/sqlite_context.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";

test("the error for an unknown id names it", async () => {
  await using it = await SqliteFixture.make();
  using source = progressSource(it.context);
  const ids = await it.queue.enqueue([shellJob(), shellJob()]);
  const otherLetters = ids[1]?.replace(/-.*/, "-zzzzzz") ?? "";
  for (const unknown of ["99-abcdef", "no id", "", otherLetters]) {
    for (const which of [[ids[0] ?? "", unknown, ids[1] ?? ""], [unknown], [...ids, unknown]]) {
      for (const question of [source.progress(which), source.jobs(which)]) {
        assert((await assertRejects(question, UsageError)).message.includes(`"${unknown}"`));
      }
    }
  }
});

test("jobs of another queue in the same file are unknown", async () => {
  await using it = await SqliteFixture.make();
  using source = progressSource(it.context);
  const theirs = await (await it.openOther()).enqueue([shellJob()]);
  await assertRejects(source.progress(theirs), UsageError);
  assertEquals(await source.progress("all"), { completed: 0, notCompleted: 0, unfinished: 0 });
});

test("an id that is named twice counts twice, and its job is answered twice", async () => {
  await using it = await SqliteFixture.make();
  using source = progressSource(it.context);
  const [a = "", b = ""] = await it.queue.enqueue([shellJob(), shellJob()]);
  await it.queue.cancel([a]);
  assertEquals(await source.progress([a, b, a]), { completed: 0, notCompleted: 2, unfinished: 1 });
  assertEquals((await source.jobs([a, b, a])).map(({ id }) => id), [a, b, a]);
});

test("of all jobs those in every state count", async () => {
  const clock = new ManualClock();
  await using it = await SqliteFixture.make({ clock });
  using source = progressSource(it.context);
  const [parent = "", failing = "", cancelled = ""] = await it.queue.enqueue([
    shellJob(),
    shellJob(),
    shellJob(),
    shellJob("true", { delayMs: 1_000 }),
    shellJob("true", { delayMs: 9_000 }),
  ]);
  await it.queue.enqueue([shellJob("true", { after: [{ job: parent }] })]);
  await it.queue.cancel([cancelled]);
  await (await it.queue.lease({ leaseMs: 60_000, waitMs: 0, job: failing }))?.deadLetter(FAILURE);
  await using _held = await it.queue.lease({ leaseMs: 60_000, waitMs: 0, job: parent });
  await clock.advance(2_000);
  assertEquals(await source.progress("all"), { completed: 0, notCompleted: 2, unfinished: 4 });
});

test("of all jobs the last that finished without completing come first", async () => {
  const clock = new ManualClock();
  await using it = await SqliteFixture.make({ clock });
  using source = progressSource(it.context);
  const ids = await it.queue.enqueue([shellJob(), shellJob(), shellJob()]);
  for (const id of [ids[1], ids[2], ids[0]]) {
    await it.queue.cancel([id ?? ""]);
    await clock.advance(1);
  }
  assertEquals((await source.jobs("all")).map(({ id }) => id), [ids[0] ?? "", ids[2] ?? "", ids[1] ?? ""]);
});

test("another handle's commit ends nextChange(), also one from before the call", async () => {
  const clock = new ManualClock();
  await using it = await SqliteFixture.make({ clock });
  using source = progressSource(it.context);
  await it.queue.enqueue([shellJob()]);
  const waiting = source.nextChange(60_000);
  // No time has passed: only the change can have made the sleep a short one.
  await waitUntil(() => (clock.wakesAt ?? Infinity) <= clock.now() + 10, { what: "the watch's report" });
  await clock.advance(10);
  await waiting;
});

test("nextChange() ends after its limit, and when aborted", async () => {
  const clock = new ManualClock();
  await using it = await SqliteFixture.make({ clock });
  using source = progressSource(it.context);
  const startedAt = clock.now();
  const limited = source.nextChange(7);
  await clock.untilSleeping();
  await clock.advance(7);
  await limited;
  assertEquals(clock.now() - startedAt, 7);
  const controller = new AbortController();
  const aborted = source.nextChange(Infinity, controller.signal);
  controller.abort();
  await aborted;
  await source.nextChange(-5);
});

test("after a look that took long, nextChange() rests nine times as long", async () => {
  const sleeps: number[] = [];
  let now = 1_700_000_000_000;
  // Each question for the time takes some of it.
  const clock: Clock = {
    now: () => now += 10,
    sleep: (ms) => {
      sleeps.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
  await using it = await SqliteFixture.make();
  using source = progressSource({ ...it.context, clock });
  await source.progress(await it.queue.enqueue([shellJob()]));
  await source.nextChange(60_000);
  assertEquals(sleeps[0], 90);
  sleeps.length = 0;
  await source.nextChange(20);
  assertEquals(sleeps[0], 20);
});

test("whoever waits on a file that was removed is told so", async () => {
  await using it = await SqliteFixture.make();
  using source = progressSource(it.context);
  const ids = await it.queue.enqueue([shellJob()]);
  await Deno.remove(it.path);
  await assertRejects(source.progress(ids), BackendError);
});
