import type { Lease } from "../../../src/core/queue.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { Place } from "./place.ts";

/** What can be done with a job, and what is left of it then. */
const SETTLEMENTS = {
  ack: { settle: (lease: Lease) => lease.ack(), leaves: "nothing" },
  release: { settle: (lease: Lease) => lease.release(), leaves: "active, attempts 0" },
  retry: {
    settle: (lease: Lease) => lease.retry({ delayMs: 0, failure: FAILURE }),
    leaves: "active, attempts 1",
  },
  "release for later": {
    settle: (lease: Lease) => lease.release({ delayMs: 60_000 }),
    leaves: "scheduled, attempts 0",
  },
  "retry later": {
    settle: (lease: Lease) => lease.retry({ delayMs: 60_000, failure: FAILURE }),
    leaves: "scheduled, attempts 1",
  },
  deadLetter: {
    settle: (lease: Lease) => lease.deadLetter({ ...FAILURE, message: lease.job.id }),
    leaves: "dead, attempts 1",
  },
} as const;

type Kind = keyof typeof SETTLEMENTS;
const KINDS = Object.keys(SETTLEMENTS) as Kind[];

/** Settles jobs of the same connection at the same time, the first in the first way and so on. */
async function settleTogether(kinds: readonly Kind[]): Promise<void> {
  await using place = await Place.make();
  const ids = await place.queue.enqueue(kinds.map((kind, index) => shellJob(`${kind} ${index}`)));
  const leases: Lease[] = [];
  while (leases.length < kinds.length) {
    leases.push(...await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 5_000, max: kinds.length }));
  }
  assertEquals(leases.map(({ job }) => job.id), [...ids]);
  await Promise.all(leases.map((lease, index) => SETTLEMENTS[kinds[index] ?? "ack"].settle(lease)));
  const left = new Map<string, string>();
  for (const { body, state, applicationProperties } of place.view.all) {
    left.set(JSON.parse(body).id, `${state.kind}, attempts ${applicationProperties["jobq-attempts"]}`);
  }
  for (const { body, applicationProperties, deadLetterReason } of place.view.dead) {
    const { id } = JSON.parse(body);
    assertEquals(deadLetterReason, id, "the reason is that of another job");
    left.set(id, `dead, attempts ${applicationProperties["jobq-attempts"]}`);
  }
  assertEquals(
    ids.map((id) => left.get(id) ?? "nothing"),
    kinds.map((kind) => SETTLEMENTS[kind].leaves),
    kinds.join(", "),
  );
}

for (const first of KINDS) {
  test(`${first} at the same time as the end of another job is done to its own job only`, async () => {
    for (const second of KINDS) {
      await settleTogether([first, second]);
      await settleTogether([first, second, first]);
      await settleTogether([first, first, second]);
    }
  });
}

test("twenty jobs that end at the same time in all ways end each in its own", async () => {
  await settleTogether(Array.from({ length: 20 }, (_, index) => KINDS[(index * 7) % KINDS.length] ?? "ack"));
});

test("jobs that fail at the same time keep each its own attempts and reason", async () => {
  await using place = await Place.make();
  await place.queue.enqueue([shellJob("a", { maxAttempts: 9 }), shellJob("b", { maxAttempts: 9 })]);
  // So that the two have not had the same number of attempts.
  await (await place.next()).retry({ delayMs: 0, failure: FAILURE });
  const leases: Lease[] = [];
  while (leases.length < 2) {
    leases.push(...await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 5_000, max: 2 }));
  }
  const attempts = new Map(leases.map(({ job }) => [job.id, job.attempts]));
  await Promise.all(leases.map((lease) => lease.retry({ delayMs: 0, failure: FAILURE })));
  for (const { body, applicationProperties } of place.view.all) {
    const before = attempts.get(JSON.parse(body).id);
    assert(before !== undefined);
    assertEquals(applicationProperties["jobq-attempts"], before + 1);
  }
});
