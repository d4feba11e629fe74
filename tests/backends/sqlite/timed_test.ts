import type { Queue } from "../../../src/core/queue.ts";
import { assertEquals, assertExists } from "../../support/assert.ts";
import { Child } from "../../support/child.ts";
import { commandOf, shellJob } from "../../support/jobs.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { execAt, openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

const HOUR_MS = 3_600_000;
const LEASE = { leaseMs: HOUR_MS, waitMs: 0 } as const;

/** A queue that lives by a clock of its own, in a file that is removed at the end. */
async function withQueue(
  fn: (it: { queue: Queue; clock: ManualClock; path: string }) => Promise<void>,
): Promise<void> {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  const clock = new ManualClock();
  await using queue = await openAt(path, { clock });
  await fn({ queue, clock, path });
}

test("of 2,500 delayed jobs that came due, those of the highest priority are leased first", async () => {
  await withQueue(async ({ queue, clock }) => {
    // The later a job comes due, the higher is its priority.
    await queue.enqueue(
      Array.from({ length: 2_500 }, (_, i) => shellJob(`${i}`, { delayMs: 1 + i, priority: i })),
    );
    await clock.advance(HOUR_MS);
    const order: string[] = [];
    for (let i = 0; i < 3; i++) order.push(commandOf((await queue.lease(LEASE))?.job));
    assertEquals(order, ["2499", "2498", "2497"]);
  });
});

test("of 2,500 leases that ran out, those of the highest priority are taken first", async () => {
  await withQueue(async ({ queue, clock, path }) => {
    await queue.enqueue(Array.from({ length: 2_500 }, (_, i) => shellJob(`${i}`, { priority: i })));
    execAt(
      path,
      `UPDATE jobs SET state = 'running', lease_token = 't' || seq, executions = 1, started_at = ${clock.now()},
        visible_at = ${clock.now()} + 1000 + seq, wait_ms = 1000 + seq`,
    );
    assertEquals((await queue.counts()).running, 2_500);
    await clock.advance(HOUR_MS);
    assertEquals(commandOf((await queue.lease(LEASE))?.job), "2499");
    assertEquals((await queue.counts()).ready, 2_499);
  });
});

test("delayed jobs that came due stand among the ready ones by priority, then by age", async () => {
  await withQueue(async ({ queue, clock }) => {
    await queue.enqueue([
      shellJob("old", { delayMs: 2_000 }),
      shellJob("high, late", { delayMs: 3_000, priority: 1 }),
      shellJob("ready"),
      shellJob("high, soon", { delayMs: 1_000, priority: 1 }),
      shellJob("low", { delayMs: 1, priority: -1 }),
    ]);
    await clock.advance(3_000);
    const expected = ["high, late", "high, soon", "old", "ready", "low"];
    assertEquals((await queue.peek(9)).map(commandOf), expected);
    const order: string[] = [];
    for (const _ of expected) order.push(commandOf((await queue.lease(LEASE))?.job));
    assertEquals(order, expected);
  });
});

test("a delay that ends while others are leased does not wait for them", async () => {
  await withQueue(async ({ queue, clock }) => {
    await queue.enqueue([
      shellJob("first"),
      shellJob("second"),
      shellJob("urgent", { delayMs: 10, priority: 1 }),
    ]);
    assertEquals(commandOf((await queue.lease(LEASE))?.job), "first");
    await clock.advance(10);
    assertEquals(commandOf((await queue.lease(LEASE))?.job), "urgent");
  });
});

test("after the clock stepped back by an hour no wait lasts longer than it was to last", async () => {
  await withQueue(async ({ queue, clock, path }) => {
    const waits = Array.from({ length: 1_500 }, (_, i) => 60_000 + i);
    await queue.enqueue(waits.map((delayMs) => shellJob("true", { delayMs })));
    await clock.jump(-HOUR_MS);
    // A process that begins now has not seen the clock step back.
    await using later = await openAt(path, { clock });
    assertEquals(await later.lease(LEASE), undefined);
    await clock.advance(60_000);
    assertExists(await later.lease(LEASE));
    assertEquals((await later.counts()).delayed, 1_499);
    await clock.advance(1_500);
    assertEquals((await later.counts()).delayed, 0);
  });
});

test("a clock that steps back twice shortens the waits twice", async () => {
  await withQueue(async ({ queue, clock }) => {
    await queue.enqueue([shellJob("true", { delayMs: 60_000 })]);
    for (let step = 0; step < 2; step++) {
      await clock.jump(-HOUR_MS);
      assertEquals(await queue.lease(LEASE), undefined);
    }
    const [job] = await queue.peek(1);
    assertEquals(assertExists(job?.visibleAt) - clock.now(), 60_000);
  });
});

test("waits are left as they are while the clock goes forward", async () => {
  await withQueue(async ({ queue, clock, path }) => {
    await queue.enqueue([shellJob("true", { delayMs: 60_000 }), shellJob("true", { delayMs: HOUR_MS })]);
    const before = (await queue.peek(2)).map(({ visibleAt }) => visibleAt);
    await clock.advance(30_000);
    await using later = await openAt(path, { clock });
    assertEquals(await later.lease(LEASE), undefined);
    assertEquals((await queue.peek(2)).map(({ visibleAt }) => visibleAt), before);
  });
});

test("a parent that completes after the clock stepped back does not make its child wait for longer", async () => {
  await withQueue(async ({ queue, clock }) => {
    const [parent = ""] = await queue.enqueue([shellJob("parent")]);
    await queue.enqueue([shellJob("child", { after: [{ job: parent }], delayMs: 60_000 })]);
    await clock.jump(-HOUR_MS);
    // This handle notices the step before the child's wait begins.
    await assertExists(await queue.lease(LEASE)).ack();
    await clock.advance(60_000);
    assertEquals(commandOf((await queue.lease(LEASE))?.job), "child");
  });
});

test("nobody is robbed of a job after a long wait for the lock and a step of the clock", async () => {
  await withQueue(async ({ queue, clock, path }) => {
    {
      await using locker = new Child("locker.ts", [path]);
      assertEquals(await locker.line(), "locked");
      const pushing = queue.enqueue([shellJob("held")]);
      await clock.untilSleeping();
      await clock.jump(1_000);
      await clock.untilSleeping();
      await locker.closeInput();
      await locker.finish();
      await clock.jump(1_000);
      await pushing;
    }
    await using holder = await openAt(path, { clock });
    const lease = assertExists(await holder.lease({ leaseMs: 60_000, waitMs: 0 }));
    await clock.jump(-HOUR_MS);
    await queue.enqueue([shellJob("due", { delayMs: 10 })]);
    await clock.advance(10);
    assertEquals(commandOf((await queue.lease(LEASE))?.job), "due");
    assertEquals(await queue.lease(LEASE), undefined);
    await lease.ack();
  });
});
