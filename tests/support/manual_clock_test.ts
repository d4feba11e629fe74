import { assertEquals } from "./assert.ts";
import { ManualClock } from "./manual_clock.ts";
import { test } from "./testing.ts";

test("advance() wakes sleepers in the order of their instants, at these instants", async () => {
  const clock = new ManualClock(0);
  const woken: number[] = [];
  const sleeps = [30, 10, 20].map((ms) => clock.sleep(ms).then(() => woken.push(clock.now())));
  await clock.advance(25);
  assertEquals(woken, [10, 20]);
  await clock.advance(5);
  await Promise.all(sleeps);
  assertEquals(woken, [10, 20, 30]);
});

test("a ManualClock's sleep ends when its signal is aborted", async () => {
  const clock = new ManualClock(0);
  const controller = new AbortController();
  const sleep = clock.sleep(1_000, controller.signal);
  controller.abort();
  await sleep;
  assertEquals([clock.now(), clock.sleepers], [0, 0]);
});
