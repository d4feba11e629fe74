import { LeaseLostError } from "../../../src/core/errors.ts";
import type { Lease } from "../../../src/core/queue.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { Place } from "./place.ts";

const LOCK_MS = 300;

const CALLS: Readonly<Record<string, (lease: Lease) => Promise<void>>> = {
  renew: (lease) => lease.renew(60_000),
  ack: (lease) => lease.ack(),
  "retry at once": (lease) => lease.retry({ delayMs: 0, failure: FAILURE }),
  "retry later": (lease) => lease.retry({ delayMs: 10, failure: FAILURE }),
  release: (lease) => lease.release(),
  "release for later": (lease) => lease.release({ delayMs: 10 }),
  cancel: (lease) => lease.cancel(),
  deadLetter: (lease) => lease.deadLetter(FAILURE),
};

/** Jobs whose locks have ended, one for each of the calls. */
async function lostLeases(place: Place): Promise<readonly Lease[]> {
  const names = Object.keys(CALLS);
  await place.queue.enqueue(names.map((name) => shellJob(name, { maxAttempts: 5 })));
  const leases: Lease[] = [];
  while (leases.length < names.length) {
    leases.push(...await place.queue.leaseMany({ leaseMs: 1_000, waitMs: 5_000, max: 20 }));
  }
  await waitUntil(() => place.view.locked.length === 0);
  return leases;
}

test("jobs that another worker took over are lost, whatever is done with them, and nothing of them is changed", async () => {
  await using place = await Place.make({ made: { lockDurationMs: LOCK_MS } });
  const leases = await lostLeases(place);
  const before = place.view.all;
  place.view.lockDurationMs = 60_000;
  const other = place.open();
  const taken = await other.leaseMany({ leaseMs: 60_000, waitMs: 5_000, max: 20 });
  for (const lease of leases) {
    const call = CALLS[commandOf(lease.job)];
    assert(call !== undefined);
    const error = await assertRejects(call(lease), LeaseLostError);
    assert(lease.lost.reason === error, commandOf(lease.job));
    for (const again of Object.values(CALLS)) await assertRejects(again(lease), LeaseLostError);
    await lease[Symbol.asyncDispose]();
  }
  assertEquals(place.view.locked.length, taken.length);
  assertEquals([place.view.all.length, place.view.dead], [leases.length, []]);
  assertEquals(place.view.all.map(({ body }) => body), before.map(({ body }) => body));
  assertEquals(
    place.view.all.map(({ applicationProperties }) => applicationProperties),
    before.map(() => ({})),
  );
  await Promise.all(taken.map((lease) => lease.ack()));
  assertEquals(place.view.all, []);
});

test("a job that another worker has finished is lost, whatever is done with it, and does not come back", async () => {
  await using place = await Place.make({ made: { lockDurationMs: LOCK_MS } });
  const leases = await lostLeases(place);
  assertEquals(await place.open().purge(), leases.length);
  for (const lease of leases) {
    const call = CALLS[commandOf(lease.job)];
    assert(call !== undefined);
    await assertRejects(call(lease), LeaseLostError);
  }
  assertEquals([place.view.all, place.view.dead], [[], []]);
});

test("a job whose lock ended while its renewal was under way is lost by the next call", async () => {
  await using place = await Place.make({ made: { lockDurationMs: LOCK_MS } });
  await place.queue.enqueue([shellJob()]);
  const lease = await place.next();
  place.broker.fault({ kind: "delay", ms: 2 * LOCK_MS }, { at: "management" });
  await assertRejects(lease.renew(1_000), LeaseLostError);
  await assertRejects(lease.ack(), LeaseLostError);
  assertEquals((await place.next()).job.executions, 2);
});

for (const isRenewed of [true, false]) {
  const what = isRenewed ? "whose renewal said so" : "of which nothing was heard";
  test(`a worker goes on with 2,100 jobs after a lost one ${what}, and holds none that it does not know of`, async () => {
    await using place = await Place.make({ made: { lockDurationMs: LOCK_MS } });
    await place.queue.enqueue([shellJob("lost")]);
    const lost = await place.next();
    await waitUntil(() => place.view.locked.length === 0);
    if (isRenewed) await assertRejects(lost.renew(1_000), LeaseLostError);
    place.view.lockDurationMs = 60_000;
    const jobs = Array.from({ length: 2_100 }, (_, index) => shellJob(`echo ${index}`));
    await place.queue.enqueue(jobs);
    for (let left = jobs.length + 1; left > 0;) {
      const leases = await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 1_000, max: 100 });
      assert(
        leases.length > 0,
        `${left} jobs are left, ${place.view.locked.length} of them locked by nobody`,
      );
      await Promise.all(leases.map((lease) => lease.ack()));
      left -= leases.length;
    }
    assertEquals(place.view.all, []);
  });
}

test("a worker goes on after it held 1,500 jobs at the same time", async () => {
  await using place = await Place.make();
  const jobs = Array.from({ length: 3_000 }, (_, index) => shellJob(`echo ${index}`));
  await place.queue.enqueue(jobs);
  const held: Lease[] = [];
  while (held.length < 1_500) {
    const leases = await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 1_000, max: 1_500 - held.length });
    assert(leases.length > 0);
    held.push(...leases);
  }
  assertEquals(place.view.locked.length, held.length);
  for (let left = 1_500; left > 0;) {
    const leases = await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 1_000, max: 100 });
    assert(leases.length > 0, `${left} are left`);
    await Promise.all(leases.map((lease) => lease.ack()));
    left -= leases.length;
  }
  for (let start = 0; start < held.length; start += 100) {
    await Promise.all(held.slice(start, start + 100).map((lease) => lease.ack()));
  }
  assertEquals(place.view.all, []);
});
