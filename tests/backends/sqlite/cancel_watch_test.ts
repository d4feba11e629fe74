import type { JobId } from "../../../src/core/job.ts";
import type { Lease, Queue } from "../../../src/core/queue.ts";
import { assertEquals, assertExists } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { execAt, openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

interface Fixture {
  readonly queue: Queue;
  readonly clock: ManualClock;
  readonly path: string;
}

/** A queue that lives by a clock of its own, in a file that is removed at the end. */
async function withQueue(fn: (it: Fixture) => Promise<void>): Promise<void> {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  const clock = new ManualClock();
  {
    await using queue = await openAt(path, { clock });
    await fn({ queue, clock, path });
  }
  assertEquals(clock.sleepers, 0, "something sleeps on after the queue was closed");
}

/** Pushes a job and takes it. */
async function held(queue: Queue, leaseMs: number): Promise<Lease> {
  const [id] = await queue.enqueue([shellJob()]);
  const lease = assertExists(await queue.lease({ leaseMs, waitMs: 0 }));
  assertEquals(lease.job.id, id);
  return lease;
}

/** Cancels running jobs through a handle that does not know of the leases, at the same time. */
async function cancelElsewhere(
  { path, clock }: Pick<Fixture, "path" | "clock">,
  ...ids: readonly JobId[]
): Promise<void> {
  await using other = await openAt(path, { clock });
  assertEquals((await other.cancel(ids)).stopping, ids);
}

test("a holder hears within 2 s that another handle cancelled its job", async () => {
  await withQueue(async ({ queue, clock, path }) => {
    const lease = await held(queue, 600_000);
    await clock.advance(700);
    await cancelElsewhere({ path, clock }, lease.job.id);
    await clock.advance(2_000);
    assertEquals([lease.cancelled.aborted, lease.lost.aborted], [true, false]);
  });
});

test("only the holder of the cancelled job hears of it", async () => {
  await withQueue(async ({ queue, clock, path }) => {
    const [one, two, three] = [
      await held(queue, 60_000),
      await held(queue, 60_000),
      await held(queue, 60_000),
    ];
    await cancelElsewhere({ path, clock }, one.job.id, three.job.id);
    await clock.advance(2_000);
    assertEquals([one, two, three].map(({ cancelled }) => cancelled.aborted), [true, false, true]);
  });
});

test("the holder of a short lease hears of a cancel within a third of it", async () => {
  await withQueue(async ({ queue, clock, path }) => {
    const lease = await held(queue, 900);
    await cancelElsewhere({ path, clock }, lease.job.id);
    await clock.advance(299);
    assertEquals(lease.cancelled.aborted, false);
    await clock.advance(1);
    assertEquals(lease.cancelled.aborted, true);
  });
});

test("the holder of a short lease hears in time though a longer one was there before", async () => {
  await withQueue(async ({ queue, clock, path }) => {
    await held(queue, 600_000);
    await clock.untilSleeping();
    const lease = await held(queue, 900);
    await cancelElsewhere({ path, clock }, lease.job.id);
    await clock.advance(300);
    assertEquals(lease.cancelled.aborted, true);
  });
});

test("many leases are looked after together, once a second", async () => {
  await withQueue(async ({ queue, clock }) => {
    for (let i = 0; i < 20; i++) await held(queue, 60_000);
    assertEquals([clock.sleepers, assertExists(clock.wakesAt) - clock.now()], [1, 1_000]);
  });
});

test("nothing is looked for any more a second after the last lease was settled", async () => {
  await withQueue(async ({ queue, clock }) => {
    await (await held(queue, 60_000)).ack();
    await (await held(queue, 60_000)).release();
    await clock.advance(1_000);
    assertEquals(clock.sleepers, 0);
  });
});

test("a lease that is taken after a pause is looked after again", async () => {
  await withQueue(async ({ queue, clock, path }) => {
    await (await held(queue, 60_000)).ack();
    await clock.advance(5_000);
    const lease = await held(queue, 60_000);
    await cancelElsewhere({ path, clock }, lease.job.id);
    await clock.advance(2_000);
    assertEquals(lease.cancelled.aborted, true);
  });
});

test("a file that cannot be read for a while does not end the watch", async () => {
  await withQueue(async ({ queue, clock, path }) => {
    const lease = await held(queue, 60_000);
    await cancelElsewhere({ path, clock }, lease.job.id);
    execAt(path, "ALTER TABLE jobs RENAME TO hidden");
    await clock.advance(10_000);
    assertEquals(lease.cancelled.aborted, false);
    execAt(path, "ALTER TABLE hidden RENAME TO jobs");
    await clock.advance(2_000);
    assertEquals(lease.cancelled.aborted, true);
  });
});

test("a queue that is closed while a lease is held leaves no timer behind", async () => {
  await using directory = await TempDir.make();
  const queue = await openAt(directory.join("jobs.db"));
  await held(queue, 60_000);
  await queue[Symbol.asyncDispose]();
  // The test's own sanitizer looks for timers.
});
