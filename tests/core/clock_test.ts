import { systemClock } from "../../src/core/clock.ts";
import { assertBetween, assertEquals } from "../support/assert.ts";
import { countedSignal } from "../support/counted_signal.ts";
import { test } from "../support/testing.ts";

test("systemClock.sleep() lasts as long as asked", async () => {
  const startedAt = performance.now();
  await systemClock.sleep(30);
  assertBetween(performance.now() - startedAt, 25, 10_000);
});

test("systemClock.sleep() ends when aborted, without rejecting", async () => {
  const controller = new AbortController();
  const sleep = systemClock.sleep(3_600_000, controller.signal);
  controller.abort(new Error("the reason"));
  assertEquals(await sleep, undefined);
});

test("systemClock.sleep() with an aborted signal returns at once", async () => {
  assertEquals(await systemClock.sleep(3_600_000, AbortSignal.abort()), undefined);
});

test("systemClock.sleep() of forever does not return at once", async () => {
  const controller = new AbortController();
  const sleep = systemClock.sleep(Infinity, controller.signal).then(() => "awake");
  assertEquals(await Promise.race([sleep, systemClock.sleep(20).then(() => "asleep")]), "asleep");
  controller.abort();
  await sleep;
});

test("systemClock.sleep() leaves no listener on the signal", async () => {
  const { signal, listeners } = countedSignal();
  await systemClock.sleep(1, signal);
  assertEquals(listeners(), 0);
});

test("systemClock.now() is the time since the epoch", () => {
  assertBetween(systemClock.now(), Date.now() - 1_000, Date.now() + 1_000);
});

test("systemClock.sleep() of more than a timer can take is several timers", async () => {
  const original = globalThis.setTimeout;
  const delays: number[] = [];
  // The only way to let 60 days pass.
  Object.assign(globalThis, {
    setTimeout: (callback: () => void, ms: number) => {
      delays.push(ms);
      return original(callback, 0);
    },
  });
  try {
    await systemClock.sleep(60 * 86_400_000);
  } finally {
    Object.assign(globalThis, { setTimeout: original });
  }
  assertEquals(delays, [2_147_483_647, 2_147_483_647, 60 * 86_400_000 - 2 * 2_147_483_647]);
});
