import type { Clock } from "../../../src/core/clock.ts";
import { FilesystemTime } from "../../../src/backends/directory/queue_time.ts";
import { assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

const NOW = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

test("the time is the filesystem's, where that differs from this host's", () => {
  const { time } = at(NOW);
  assertEquals(time.now(), NOW);
  time.measured(new Date(NOW - HOUR_MS));
  assertEquals(time.now(), NOW - HOUR_MS);
  time.measured(new Date(NOW + HOUR_MS));
  assertEquals(time.now(), NOW + HOUR_MS);
});

test("a difference that a coarse clock makes is none", () => {
  const { time } = at(NOW);
  for (const behind of [0, 4, 999, 2_000]) {
    time.measured(new Date(NOW - behind));
    assertEquals(time.now(), NOW, `${behind} ms behind`);
  }
  time.measured(new Date(NOW + 20));
  assertEquals(time.now(), NOW);
});

test("a file without a time says nothing", () => {
  const { time } = at(NOW);
  time.measured(null);
  assertEquals([time.now(), time.isStale], [NOW, true]);
});

test("the time is to be measured at first, after a minute, and when this host's clock was set", () => {
  const { time, state } = at(NOW);
  assertEquals(time.isStale, true);
  time.measured(new Date(NOW));
  assertEquals(time.isStale, false);
  pass(state, 59_000);
  assertEquals(time.isStale, false);
  pass(state, 2_000);
  assertEquals(time.isStale, true);
  time.measured(new Date(state.now));
  state.now -= HOUR_MS;
  assertEquals(time.isStale, true);
});

function at(now: number) {
  const state = { now, uptime: 0 };
  const clock: Clock = { now: () => state.now, sleep: () => Promise.resolve() };
  return { state, time: new FilesystemTime(clock, () => state.uptime) };
}

function pass(state: { now: number; uptime: number }, ms: number): void {
  state.now += ms;
  state.uptime += ms;
}
