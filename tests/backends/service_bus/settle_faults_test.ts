import type { Lease } from "../../../src/core/queue.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FAILURE, shellJob } from "../../support/jobs.ts";
import type { Point } from "../../support/service_bus_broker/faults.ts";
import type { SeenMessage } from "../../support/service_bus_broker/stored_message.ts";
import { test } from "../../support/testing.ts";
import { type FaultyPlace, inEachCell } from "./fault_grid.ts";
import type { Place } from "./place.ts";

interface Settlement {
  readonly settle: (lease: Lease) => Promise<void>;
  /** What lies on the queue afterwards, and among the dead letters. */
  readonly leaves: readonly Left[];
  readonly dead?: number;
}

/** A message as it has to be left: its state, and the attempts that are noted with it. */
type Left = readonly [SeenMessage["state"]["kind"], number];

const LATER_MS = 60_000;

const SETTLEMENTS: Readonly<Record<string, Settlement>> = {
  ack: { settle: (lease) => lease.ack(), leaves: [] },
  release: { settle: (lease) => lease.release(), leaves: [["active", 0]] },
  "release for later": {
    settle: (lease) => lease.release({ delayMs: LATER_MS }),
    leaves: [["scheduled", 0]],
  },
  "retry at once": {
    settle: (lease) => lease.retry({ delayMs: 0, failure: FAILURE }),
    leaves: [["active", 1]],
  },
  "retry later": {
    settle: (lease) => lease.retry({ delayMs: LATER_MS, failure: FAILURE }),
    leaves: [["scheduled", 1]],
  },
  deadLetter: { settle: (lease) => lease.deadLetter(FAILURE), leaves: [], dead: 1 },
};

/** By which connection a job is settled, and where faults can befall that. */
const WAYS: Readonly<Record<string, { points: readonly Point[]; prepare: (place: Place) => void }>> = {
  "by the connection by which it came": { points: ["disposition", "management"], prepare: () => {} },
  "after that connection was cut": {
    points: ["connect", "authorize", "attach", "management"],
    prepare: (place) => place.broker.cutConnections(),
  },
};

// Without it, the copy of a retry could not be told from one that was sent before.
const MADE = { duplicateDetectionMs: 3_600_000, lockDurationMs: 60_000 };

for (const [name, settlement] of Object.entries(SETTLEMENTS)) {
  for (const [way, { points, prepare }] of Object.entries(WAYS)) {
    test(`${name} ${way} does the same once, whatever befalls it`, async () => {
      await inEachCell({ points, place: { made: MADE } }, async (at) => {
        const lease = await leaseOf(at.place);
        prepare(at.place);
        await at.persevere(() => settlement.settle(lease));
        checkLeft(at, settlement);
        assert(!lease.lost.aborted, "the lease was lost");
        // It is settled: to dispose of it changes nothing.
        await lease[Symbol.asyncDispose]();
        checkLeft(at, settlement);
      });
    });
  }
}

for (const [way, { points, prepare }] of Object.entries(WAYS)) {
  test(`renew ${way} prolongs the lease, whatever befalls it, and the job is settled after that`, async () => {
    await inEachCell({ points, place: { made: MADE } }, async (at) => {
      const lease = await leaseOf(at.place);
      const before = lease.expiresAt;
      prepare(at.place);
      await at.persevere(() => lease.renew(60_000));
      assert(lease.expiresAt >= before && !lease.lost.aborted);
      await lease.ack();
      assertEquals([at.place.view.all, at.place.view.dead], [[], []]);
    });
  });

  test(`ack ${way} during a renewal is done, whatever befalls the two`, async () => {
    await inEachCell({ points, place: { made: MADE } }, async (at) => {
      const lease = await leaseOf(at.place);
      prepare(at.place);
      const renewed = lease.renew(60_000).catch(() => {});
      await at.persevere(() => lease.ack());
      await renewed;
      assertEquals([at.place.view.all, at.place.view.dead], [[], []]);
      assert(!lease.lost.aborted);
    });
  });
}

async function leaseOf(place: Place): Promise<Lease> {
  await place.queue.enqueue([shellJob("job", { maxAttempts: 3 })]);
  return await place.next();
}

function checkLeft({ place: { view } }: FaultyPlace, { leaves, dead = 0 }: Settlement): void {
  assertEquals(
    view.all.map(({ state, applicationProperties }): Left => [
      state.kind,
      Number(applicationProperties["jobq-attempts"]),
    ]),
    [...leaves],
  );
  assertEquals(view.dead.map(({ deadLetterReason }) => deadLetterReason), Array(dead).fill(FAILURE.message));
}
