import { assert, assertEquals } from "../../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../../support/jobs.ts";
import type { Point } from "../../support/service_bus_broker/faults.ts";
import { test } from "../../support/testing.ts";
import { inEachCell } from "./fault_grid.ts";
import type { Place, PlaceOptions } from "./place.ts";

const LINK: readonly Point[] = ["connect", "authorize", "attach"];
const REMEMBERS: PlaceOptions = { made: { duplicateDetectionMs: 3_600_000, lockDurationMs: 500 } };

/** Three jobs, one of them for later, and two dead letters. */
async function fill(place: Place): Promise<void> {
  const queue = place.open();
  await queue.enqueue([shellJob("dead 0"), shellJob("dead 1")]);
  const dead = await queue.leaseMany({ leaseMs: 60_000, waitMs: 5_000, max: 2 });
  await Promise.all(dead.map((lease) => lease.deadLetter(FAILURE)));
  await queue.enqueue([shellJob("a"), shellJob("b"), shellJob("later", { delayMs: 3_600_000 })]);
  assertEquals([place.view.all.length, place.view.dead.length], [3, 2]);
}

/** All that lies on the queue and among its dead letters, and in which state. */
function contentOf({ commands, deadCommands }: Place): readonly string[] {
  return [...commands.map((line) => `main ${line}`), ...deadCommands.map((line) => `dead ${line}`)];
}

const LOOKS: Readonly<Record<string, { points: readonly Point[]; look: (place: Place) => Promise<string> }>> =
  {
    peek: {
      points: [...LINK, "management"],
      look: async ({ queue }) => (await queue.peek(10)).map(commandOf).join(),
    },
    counts: { points: ["connect", "http"], look: async ({ queue }) => JSON.stringify(await queue.counts()) },
    "dead list": {
      points: [...LINK, "management"],
      look: async ({ queue }) => (await queue.deadLetters.list()).map(({ job }) => commandOf(job)).join(),
    },
  };

for (const [name, { points, look }] of Object.entries(LOOKS)) {
  test(`${name} sees all or fails, and changes nothing, whatever befalls it`, async () => {
    await inEachCell({ points, place: REMEMBERS }, async (at) => {
      await fill(at.place);
      const before = contentOf(at.place);
      const ending = await at.suffer(() => look(at.place));
      const seen = await look(at.place);
      if (ending.kind === "done") assertEquals(ending.value, seen);
      assertEquals(contentOf(at.place), before);
    });
  });
}

test("purge leaves nothing but what is held and the dead letters, whatever befalls it", async () => {
  const points: readonly Point[] = [...LINK, "management", "delivery"];
  await inEachCell({ points, place: REMEMBERS }, async (at) => {
    await fill(at.place);
    at.place.view.lockDurationMs = 60_000;
    const held = await at.place.open().lease({ leaseMs: 60_000, waitMs: 5_000 });
    assert(held !== undefined);
    const ending = await at.suffer(() => at.place.queue.purge());
    if (ending.kind === "done" && ending.value === 2) assertEquals(at.place.view.all.length, 1);
    await at.persevere(async () => void await at.place.queue.purge());
    assertEquals(contentOf(at.place).map((line) => line.split(" ")[1]), ["locked", "active", "active"]);
    await held.ack();
    assertEquals(at.place.view.all, []);
  });
});

const DEAD_POINTS: readonly Point[] = [...LINK, "management", "delivery", "disposition"];

test("dead requeue brings every dead letter back at least once, whatever befalls it", async () => {
  await inEachCell({ points: [...DEAD_POINTS, "transfer"], place: REMEMBERS }, async (at) => {
    const { place } = at;
    await fill(place);
    await at.suffer(() => place.queue.deadLetters.requeue("all"));
    const inBoth = () => contentOf(place).join();
    for (const job of ["dead 0", "dead 1", "a", "b"]) assert(inBoth().includes(job), `${job} is lost`);
    await emptied(place, (which) => place.open().deadLetters.requeue(which));
    const counts = new Map<string, number>();
    for (const line of contentOf(place)) counts.set(line, (counts.get(line) ?? 0) + 1);
    for (const job of ["dead 0", "dead 1"]) {
      const count = counts.get(`main active ${job}`) ?? 0;
      assert(count === 1 || count === 2, `${job} is there ${count} times`);
    }
    assertEquals(counts.size, 5);
  });
});

test("dead purge removes the dead letters and nothing else, whatever befalls it", async () => {
  await inEachCell({ points: DEAD_POINTS, place: REMEMBERS }, async (at) => {
    const { place } = at;
    await fill(place);
    await at.suffer(() => place.queue.deadLetters.purge("all"));
    await emptied(place, (which) => place.open().deadLetters.purge(which));
    assertEquals(contentOf(place), ["main active a", "main active b", "main scheduled later"]);
  });
});

/** Calls until there are no dead letters: some may be locked for a while by a receive that failed. */
async function emptied(place: Place, call: (which: "all") => Promise<number>): Promise<void> {
  for (let tries = 0; place.view.dead.length > 0; tries++) {
    assert(tries < 10, `${place.view.dead.length} dead letters stay`);
    await call("all");
  }
}
