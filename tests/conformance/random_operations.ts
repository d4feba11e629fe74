import fc from "fast-check";
import { MemoryQueue } from "../../src/backends/memory/queue.ts";
import { test } from "../support/testing.ts";
import { assertEquals } from "../support/assert.ts";
import { Fixture, type Harness } from "./harness.ts";
import { assertInvariants, assertNoneBefore } from "./invariants.ts";
import { type Operation, Subject } from "./random_subject.ts";

const index = fc.nat({ max: 12 });

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("push"),
      priority: fc.integer({ min: -1, max: 1 }),
      parents: fc.uniqueArray(index, { maxLength: 3 }),
      when: fc.constantFrom("ok", "any", "failed"),
      isDelayed: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("lease"), isShort: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("settle"),
      lease: index,
      how: fc.constantFrom(
        "ack",
        "ack",
        "retry",
        "retry later",
        "release",
        "deadLetter",
        "time out",
        "cancel",
        "renew",
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("cancel"), jobs: fc.array(index, { maxLength: 2 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("requeue"), jobs: fc.array(index, { maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("requeue failed", "prune") }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass") }) },
);

/** Whatever is done to a queue, in whatever order. */
export function randomOperationsTopic(harness: Harness): void {
  test(`${harness.name}: random operations leave every job in a state that makes sense`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { maxLength: 40, size: "max" }),
        (operations) => run(harness, operations),
      ),
      { numRuns: 50 },
    );
  });
}

/** Does the same to the queue and to the reference, and compares what came of it. */
async function run(harness: Harness, operations: readonly Operation[]): Promise<void> {
  await using it = await Fixture.make(harness);
  const subject = new Subject(it.queue, it.leaseMs);
  const reference = new Subject(new MemoryQueue({ clock: it.clock }), it.leaseMs);
  for (const operation of operations) {
    if (operation.kind === "pass") await it.pass(it.leaseMs);
    const told = await subject.do(operation);
    assertEquals(told, await reference.do(operation));
    const jobs = await subject.look();
    assertEquals(jobs.map(({ summary }) => summary), (await reference.look()).map(({ summary }) => summary));
    assertInvariants(jobs, await it.queue.counts());
    if (operation.kind === "lease") assertNoneBefore(jobs, told);
  }
}
