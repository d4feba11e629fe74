import type { ServiceBusQueue } from "../../../src/backends/service_bus/queue.ts";
import type { Lease } from "../../../src/core/queue.ts";
import { assert, assertBetween, assertEquals } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import type { Point } from "../../support/service_bus_broker/faults.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { durationOf } from "./duration_of.ts";
import { Place } from "./place.ts";
import { Wire } from "./wire.ts";

/** An abort is heard within this time, in ms. */
const HEARD_MS = 1_500;

/** A receive that its caller may give up. */
function receive(
  queue: ServiceBusQueue,
  { max = 1, waitMs = 20_000 }: { max?: number; waitMs?: number } = {},
): { leases: Promise<readonly Lease[]>; abort: () => void } {
  const stop = new AbortController();
  const leases = queue.leaseMany({ leaseMs: 60_000, waitMs, max, signal: stop.signal });
  return { leases, abort: () => stop.abort() };
}

/** Lets a few turns of the event loop pass, so that an abort comes at another moment each time. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** All that is locked is held by one of these, and nothing else is. */
function assertHeld({ view }: Place, leases: readonly Lease[]): void {
  const locked = view.locked.map(({ body }) => JSON.parse(body).id).toSorted();
  assertEquals(locked, leases.map(({ job }) => job.id).toSorted());
}

test("a receive that was aborted before it began asks nothing", async () => {
  await using place = await Place.make();
  const signal = AbortSignal.abort();
  assertEquals(await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 20_000, max: 5, signal }), []);
  assertEquals(place.broker.connections, 0);
});

test("a receive that waits is aborted at once, and what comes later is nobody's", async () => {
  await using place = await Place.make();
  for (const max of [1, 5]) {
    const { leases, abort } = receive(place.queue, { max });
    await place.queue.peek(1);
    abort();
    assertBetween(await durationOf(leases), 0, HEARD_MS);
    assertEquals(await leases, []);
    await place.queue.enqueue([shellJob(`echo ${max}`)]);
    assertHeld(place, []);
    assertEquals(await place.queue.purge(), 1);
  }
});

for (const max of [1, 3]) {
  test(`a first receive of up to ${max} that is aborted at any moment of its set-up holds no job`, async () => {
    await using place = await Place.make();
    const ids = await place.queue.enqueue(Array.from({ length: 5 }, (_, index) => shellJob(`echo ${index}`)));
    for (let count = 0; count < 60; count++) {
      const queue = place.opened();
      const { leases, abort } = receive(queue, { max });
      await turns(count);
      abort();
      const had = await leases;
      assertHeld(place, had);
      for (const lease of had) await lease.release();
      // What the receive left behind would take it now.
      assertEquals(place.view.active.length, ids.length, `after ${count} turns`);
      await queue[Symbol.asyncDispose]();
    }
  });

  test(`a receive of up to ${max} that is aborted at the instant at which jobs come has them, or nobody has`, async () => {
    await using place = await Place.make();
    const pusher = place.open();
    await pusher.peek(1);
    await place.maybeNext();
    let had = 0;
    for (let round = 0; round < 250; round++) {
      const { leases, abort } = receive(place.queue, { max });
      await turns(round % 3);
      const pushed = pusher.enqueue(
        Array.from({ length: 2 }, (_, index) => shellJob(`echo ${round} ${index}`)),
      );
      await turns(round % 25);
      abort();
      const [got] = await Promise.all([leases, pushed]);
      assertBetween(got.length, 0, max);
      assertHeld(place, got);
      had += got.length;
      await Promise.all(got.map((lease) => lease.ack()));
      const rest = await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 0, max: 2 });
      assertHeld(place, rest);
      await Promise.all(rest.map((lease) => lease.ack()));
    }
    assertEquals(place.view.all, []);
    assert(had > 0, "no job ever came in time, so that nothing was tried");
  });
}

test("of receives that are aborted at random while jobs are pushed, every job comes to just one", async () => {
  await using place = await Place.make();
  const pusher = place.open();
  const handles = [place.queue, place.open(), place.open()];
  const wanted = 300;
  const had: string[] = [];
  let hasFailed = false;
  const work = async (queue: ServiceBusQueue, seed: number) => {
    for (let round = seed; had.length < wanted && !hasFailed; round++) {
      const { leases, abort } = receive(queue, { max: 1 + round % 4 });
      const timer = setTimeout(abort, (round * 7) % 21);
      const got = await leases;
      clearTimeout(timer);
      for (const lease of got) had.push(lease.job.id);
      await Promise.all(got.map((lease) => lease.ack()));
    }
  };
  const push = async () => {
    for (let start = 0; start < wanted; start += 5) {
      await pusher.enqueue(Array.from({ length: 5 }, (_, index) => shellJob(`echo ${start + index}`)));
    }
  };
  const all = [push(), ...handles.map(work)];
  await Promise.all(all.map((one) => one.catch((error) => (hasFailed = true, Promise.reject(error)))));
  assertEquals([had.length, new Set(had).size, place.view.all], [wanted, wanted, []]);
});

for (const at of ["connect", "authorize", "attach"] as const satisfies readonly Point[]) {
  test(`an abort is heard while the service says nothing to ${at}`, async () => {
    await using place = await Place.make();
    await place.open().enqueue([shellJob()]);
    place.broker.fault({ kind: "silence" }, { at });
    const { leases, abort } = receive(place.queue);
    await turns(20);
    abort();
    assertBetween(await durationOf(leases), 0, HEARD_MS);
    assertEquals(await leases, []);
    assertHeld(place, []);
  });
}

test("a receive that follows an aborted one gets the job, however far that one had come", async () => {
  await using place = await Place.make();
  const pusher = place.open();
  for (let count = 0; count < 40; count++) {
    await pusher.enqueue([shellJob(`echo ${count}`)]);
    await using queue = place.opened();
    for (const wait of [count, count >> 1]) {
      const { leases, abort } = receive(queue);
      await turns(wait);
      abort();
      for (const lease of await leases) await lease.release();
    }
    const lease = await queue.lease({ leaseMs: 60_000, waitMs: 5_000 });
    assert(lease !== undefined, `after ${count} turns`);
    await lease.ack();
  }
  assertEquals(place.view.all, []);
});

test("a job that is on its way when its receive is aborted, on a slow network, is its caller's", async () => {
  await using place = await Place.make();
  await using wire = Wire.to(place.broker.connectionString);
  await using queue = place.opened({ connectionString: wire.through(place.broker.connectionString) });
  await queue.lease({ leaseMs: 60_000, waitMs: 0 });
  wire.delayMs = 300;
  const { leases, abort } = receive(queue, { max: 2 });
  await place.queue.enqueue([shellJob()]);
  await waitUntil(() => place.view.locked.length === 1);
  abort();
  const [lease] = await leases;
  assert(lease !== undefined, "it is locked by nobody");
  await lease.ack();
  wire.delayMs = 0;
  assertEquals(place.view.all, []);
});

for (const max of [1, 2, 5, 20, 50]) {
  test(`up to ${max} jobs come at once, never more, and without a second's wait for others`, async () => {
    await using place = await Place.make();
    for (const there of [1, max - 1, max, max + 3].filter((count) => count > 0)) {
      await place.queue.enqueue(Array.from({ length: there }, (_, index) => shellJob(`echo ${index}`)));
      const before = Date.now();
      const leases = await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 20_000, max });
      assertBetween(Date.now() - before, 0, 800);
      assertEquals(leases.length, Math.min(max, there));
      assertHeld(place, leases);
      await Promise.all(leases.map((lease) => lease.ack()));
      await place.queue.purge();
    }
  });
}

test("a receive that ended has no credit left: what comes after it is free, at once, for others", async () => {
  await using place = await Place.make();
  const other = place.open();
  for (const max of [1, 10]) {
    assertEquals(await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 0, max }), []);
    await place.queue.enqueue([shellJob(`first ${max}`)]);
    const [first] = await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 5_000, max });
    await place.queue.enqueue([shellJob(`second ${max}`)]);
    assertHeld(place, first === undefined ? [] : [first]);
    const second = await other.lease({ leaseMs: 60_000, waitMs: 5_000 });
    assert(second !== undefined);
    await Promise.all([first?.ack(), second.ack()]);
  }
});

test("several receives of one process at the same time share the jobs", async () => {
  await using place = await Place.make();
  const receives = Array.from({ length: 8 }, () => receive(place.queue, { max: 2 }));
  await place.queue.enqueue(Array.from({ length: 10 }, (_, index) => shellJob(`echo ${index}`)));
  await waitUntil(() => place.view.locked.length === 10);
  for (const { abort } of receives) abort();
  const leases = (await Promise.all(receives.map(({ leases }) => leases))).flat();
  assertHeld(place, leases);
  await Promise.all(leases.map((lease) => lease.ack()));
  assertEquals(place.view.all, []);
});
