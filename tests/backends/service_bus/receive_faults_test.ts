import type { Lease } from "../../../src/core/queue.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { commandOf, shellJob } from "../../support/jobs.ts";
import type { Point } from "../../support/service_bus_broker/faults.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { inEachCell } from "./fault_grid.ts";
import { Place } from "./place.ts";

const ALL: readonly Point[] = ["connect", "authorize", "attach", "delivery"];
/** Until what was handed out to nobody comes again. */
const LOCK_MS = 1_000;
const WAIT_MS = 150;

/** Does the jobs as they come, until all have been done; none is handed out again after that. */
async function finish(place: Place, had: readonly Lease[], count: number): Promise<void> {
  giveTime(place);
  const done: string[] = [];
  const finishAll = async (leases: readonly Lease[]) => {
    for (const lease of leases) {
      await lease.ack();
      done.push(commandOf(lease.job));
    }
    return done.length >= count;
  };
  await finishAll(had);
  const next = () => place.queue.leaseMany({ leaseMs: 60_000, waitMs: WAIT_MS, max: count });
  await waitUntil(async () => await finishAll(await next()), { what: `the end of ${count} jobs` });
  assertEquals(done.toSorted(), Array.from({ length: count }, (_, index) => `echo ${index}`));
  assertEquals([place.view.all, place.view.dead], [[], []]);
}

/** From now on, what is handed out is settled in time, however slow the machine. */
function giveTime(place: Place): void {
  place.view.lockDurationMs = 60_000;
}

async function filled(place: Place, count: number, delayMs = 0): Promise<void> {
  const jobs = Array.from({ length: count }, (_, index) => shellJob(`echo ${index}`, { delayMs }));
  await place.open().enqueue(jobs);
}

for (const max of [1, 3]) {
  for (const isFirst of [true, false]) {
    const when = isFirst ? "the first receive of a process" : "a later receive";
    test(`${when}, of up to ${max}, loses no job and hands none out twice, whatever befalls it`, async () => {
      const points: readonly Point[] = isFirst ? ALL : ["delivery"];
      await inEachCell({ points, place: { made: { lockDurationMs: LOCK_MS } } }, async (at) => {
        const { place } = at;
        if (!isFirst) assertEquals(await place.maybeNext(), undefined);
        await filled(place, 3);
        const ending = await at.suffer(() =>
          place.queue.leaseMany({ leaseMs: 60_000, waitMs: WAIT_MS, max })
        );
        const had = ending.kind === "done" ? ending.value : [];
        assert(had.length <= max, `${had.length} came`);
        await finish(place, had, 3);
      });
    });
  }
}

test("a receive that waits when something befalls it gets the job that comes then, or says that it failed", async () => {
  const points: readonly Point[] = ["connect", "authorize", "attach", "delivery"];
  await inEachCell({ points, place: { made: { lockDurationMs: LOCK_MS } } }, async (at) => {
    const { place } = at;
    await filled(place, 2, WAIT_MS);
    const ending = await at.suffer(() =>
      place.queue.leaseMany({ leaseMs: 60_000, waitMs: 3 * WAIT_MS, max: 2 })
    );
    await finish(place, ending.kind === "done" ? ending.value : [], 2);
  });
});

test("a receive that waits while its connection is cut gets the job that comes later", async () => {
  await using place = await Place.make();
  for (let round = 0; round < 10; round++) {
    const waiting = place.queue.lease({ leaseMs: 60_000, waitMs: 10_000 });
    await waitUntil(() => place.broker.connections > 0);
    place.broker.cutConnections();
    await filled(place, 1);
    const lease = await waiting;
    assertEquals(lease && commandOf(lease.job), "echo 0");
    await lease?.ack();
  }
  assertEquals(place.view.all, []);
});

test("poison is dead-lettered, whatever befalls that, and the job behind it comes", async () => {
  const points: readonly Point[] = ["delivery", "disposition"];
  await inEachCell({ points, place: { made: { lockDurationMs: LOCK_MS } } }, async (at) => {
    const { place } = at;
    await place.put("poison");
    await filled(place, 1);
    const ending = await at.suffer(() => place.queue.lease({ leaseMs: 60_000, waitMs: WAIT_MS }));
    giveTime(place);
    if (ending.kind === "done" && ending.value !== undefined) await ending.value.release();
    await waitUntil(async () => {
      const lease = await place.queue.lease({ leaseMs: 60_000, waitMs: WAIT_MS });
      if (lease === undefined) return false;
      assertEquals(commandOf(lease.job), "echo 0");
      await lease.ack();
      return true;
    });
    await waitUntil(async () => await place.maybeNext() === undefined && place.view.dead.length === 1);
    assertEquals([place.view.all, place.onlyDead.body], [[], "poison"]);
  });
});
