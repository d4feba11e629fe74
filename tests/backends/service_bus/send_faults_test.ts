import { BackendError, PartialPushError } from "../../../src/core/errors.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { commandOf, shellJob } from "../../support/jobs.ts";
import type { Point } from "../../support/service_bus_broker/faults.ts";
import { test } from "../../support/testing.ts";
import { type FaultyPlace, inEachCell } from "./fault_grid.ts";
import type { PlaceOptions } from "./place.ts";

const ALL: readonly Point[] = ["connect", "authorize", "attach", "transfer"];
const REMEMBERS: PlaceOptions = { made: { duplicateDetectionMs: 3_600_000 } };

/** The ids of what lies on the queue. */
function idsIn({ place }: FaultyPlace): readonly string[] {
  return place.view.all.map(({ messageId }) => messageId);
}

for (const isFirst of [true, false]) {
  const when = isFirst ? "the first push of a process" : "a later push";
  const points: readonly Point[] = isFirst ? ALL : ["transfer"];

  test(`${when} is there once where the queue remembers ids, whatever befalls it`, async () => {
    await inEachCell({ points, place: REMEMBERS }, async (at) => {
      if (!isFirst) await at.place.queue.enqueue([]);
      const ending = await at.suffer(() => at.place.queue.enqueue([shellJob("a"), shellJob("b")]));
      const there = idsIn(at);
      assertEquals(there.length, new Set(there).size, "it is there twice");
      if (ending.kind === "done") assertEquals(there, ending.value);
      else {assert(
          ending.error.mayBeDone || there.length === 0,
          "it is there, and the error says that it is not",
        );}
      // Pushed once more, as its user would, it is there once.
      assertEquals(await at.place.queue.enqueue([shellJob("a"), shellJob("b")]), idsIn(at));
    });
  });
}

test("a push to a queue that forgets ids is there at least once, and twice only where no answer came", async () => {
  await inEachCell({ points: ALL }, async (at) => {
    const ending = await at.suffer(() => at.place.queue.enqueue([shellJob("a")]));
    const count = idsIn(at).length;
    if (ending.kind === "done") assert(count === 1 || count === 2, `${count}`);
    else assert(count === 0 || ending.error.mayBeDone, "it is there, and the error says that it is not");
  });
});

test("of a push of several batches, just those are there that its error says, whatever befalls it", async () => {
  // So that each batch holds five of them.
  const place: PlaceOptions = { made: { ...REMEMBERS.made, maxMessageBytes: 4_096 } };
  const jobs = Array.from({ length: 20 }, (_, index) => shellJob(`echo ${index} ${"x".repeat(500)}`));
  await inEachCell({ points: ALL, place }, async (at) => {
    const { queue } = at.place;
    let partial: PartialPushError | undefined;
    const ending = await at.suffer(() =>
      queue.enqueue(jobs).catch((error) => {
        if (!(error instanceof PartialPushError)) throw error;
        partial = error;
        return error.ids;
      })
    );
    const there = new Set(idsIn(at));
    assertEquals(there.size, idsIn(at).length, "some are there twice");
    const said = ending.kind === "done" ? ending.value.filter((id) => id !== undefined) : [];
    assert(said.every((id) => there.has(id ?? "")), "not all are there that were said to be");
    const failures = partial?.failures ?? [];
    for (const { error } of failures) assert(error instanceof BackendError && error.transient);
    const inDoubt = failures.filter(({ error }) => error instanceof BackendError && error.mayBeDone);
    const unsaid = there.size - said.length;
    if (unsaid > 0 && ending.kind === "done") assertEquals(unsaid, inDoubt.length);
    if (partial === undefined && ending.kind === "done") assertEquals(there.size, jobs.length);
  });
});

test("a scheduled push is there once, whatever befalls it", async () => {
  await inEachCell({ points: ALL, place: REMEMBERS }, async (at) => {
    const push = () => at.place.queue.enqueue([shellJob("later", { delayMs: 3_600_000 })]);
    await at.persevere(async () => void await push());
    assertEquals(at.place.view.all.map(({ state }) => state.kind), ["scheduled"]);
  });
});

test("what was pushed while anything befell the push can be leased, as it was", async () => {
  await inEachCell({ points: ALL, place: REMEMBERS }, async (at) => {
    await at.persevere(async () => void await at.place.queue.enqueue([shellJob("the job")]));
    const lease = await at.place.next();
    assertEquals([commandOf(lease.job), lease.job.attempts, lease.job.executions], ["the job", 0, 1]);
    await lease.ack();
    assertEquals(idsIn(at), []);
  });
});
