import { BackendError } from "../../../src/core/errors.ts";
import type { Lease } from "../../../src/core/queue.ts";
import { assert, assertBetween, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { taskText } from "../storage_queue/python_tool.ts";
import { Place, type PlaceOptions } from "./place.ts";

/** A place with so many dead letters, of jobs that are dead since 1 s, 2 s and so on after the epoch. */
async function withDeadLetters(count: number, options?: PlaceOptions): Promise<Place> {
  const place = await Place.make(options);
  // What the queue was made with is that of its dead letters, too.
  place.view.lockDurationMs = 60_000;
  await place.queue.enqueue(Array.from({ length: count }, (_, index) => shellJob(`echo ${index}`)));
  const leases: Lease[] = [];
  while (leases.length < count) {
    leases.push(...await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 5_000, max: count }));
  }
  // Not in the order of their times, as with several workers.
  const shuffled = [...leases.slice(count / 2), ...leases.slice(0, count / 2)];
  await Promise.all(shuffled.map((lease) => {
    const index = Number(commandOf(lease.job).slice("echo ".length));
    return lease.deadLetter({ ...FAILURE, message: `reason ${index}`, at: 1_000 * (index + 1) });
  }));
  assertEquals(place.view.dead.length, count);
  return place;
}

/** The id under which a command is listed. */
async function idOf(place: Place, command: string): Promise<string> {
  const letters = await place.queue.deadLetters.list();
  const letter = letters.find(({ job }) => commandOf(job) === command);
  assert(letter !== undefined);
  return letter.job.id;
}

/** No dead letter is locked: another one may take it at once. */
function assertFree({ view }: Place): void {
  assertEquals(view.dead.filter(({ state }) => state.kind !== "active"), []);
}

test("a queue without dead letters has none to list, to requeue or to purge", async () => {
  await using place = await Place.make();
  assertEquals(await place.queue.deadLetters.list(), []);
  assertEquals(await place.queue.deadLetters.requeue("all"), 0);
  assertEquals(await place.queue.deadLetters.purge(["x"]), 0);
});

test("forty dead letters are listed, oldest first, as often as one likes", async () => {
  await using place = await withDeadLetters(40);
  for (let i = 0; i < 3; i++) {
    const letters = await place.queue.deadLetters.list();
    assertEquals(
      letters.map(({ failure }) => failure.message),
      Array.from({ length: 40 }, (_, index) => `reason ${index}`),
    );
  }
  assertFree(place);
  assert(place.view.dead.every(({ deliveryCount }) => deliveryCount === 0));
});

for (const limit of [0, 1, 39, 40, 100]) {
  test(`at most ${limit} of forty dead letters are listed`, async () => {
    await using place = await withDeadLetters(40);
    assertEquals((await place.queue.deadLetters.list({ limit })).length, Math.min(limit, 40));
  });
}

test("one of forty is requeued, and the others are there for others at once", async () => {
  await using place = await withDeadLetters(40);
  assertEquals(await place.queue.deadLetters.requeue([await idOf(place, "echo 3")]), 1);
  assertEquals([place.commands, place.view.dead.length], [["active echo 3"], 39]);
  assertFree(place);
});

test("several of forty are purged by their ids, and ids that there are not change nothing", async () => {
  await using place = await withDeadLetters(40);
  const ids = [await idOf(place, "echo 3"), "no such id", await idOf(place, "echo 39")];
  assertEquals(await place.queue.deadLetters.purge(ids), 2);
  assertEquals([place.view.all, place.view.dead.length], [[], 38]);
  assertEquals(await place.queue.deadLetters.purge(ids), 0);
  assertFree(place);
});

test("all of forty are requeued, each once, and can be leased", async () => {
  await using place = await withDeadLetters(40);
  assertEquals(await place.queue.deadLetters.requeue("all"), 40);
  assertEquals([new Set(place.commands).size, place.view.all.length, place.view.dead], [40, 40, []]);
  assertEquals((await place.next()).job.attempts, 0);
});

test("2,500 dead letters: one is requeued, then all are listed, and purged", async () => {
  await using place = await withDeadLetters(2_500);
  assertEquals(await place.queue.deadLetters.requeue([await idOf(place, "echo 2499")]), 1);
  assertEquals([place.commands, place.view.dead.length], [["active echo 2499"], 2_499]);
  assertFree(place);
  assertEquals((await place.queue.deadLetters.list()).length, 2_499);
  assertEquals(await place.queue.deadLetters.purge("all"), 2_499);
  assertEquals([place.view.dead, place.view.all.length], [[], 1]);
});

test("2,500 dead letters are all requeued, each once, where the queue remembers ids", async () => {
  await using place = await withDeadLetters(2_500, { made: { duplicateDetectionMs: 3_600_000 } });
  assertEquals(await place.queue.deadLetters.requeue("all"), 2_500);
  assertEquals([new Set(place.commands).size, place.view.all.length, place.view.dead], [2_500, 2_500, []]);
});

test("several with the same id are all requeued by it, and all purged", async () => {
  await using place = await Place.make();
  for (const _ of [1, 2]) {
    await place.queue.enqueue([shellJob("a"), shellJob("a"), shellJob("b")]);
    for (let i = 0; i < 3; i++) await (await place.next()).deadLetter(FAILURE);
  }
  const id = await idOf(place, "a");
  assertEquals(await place.queue.deadLetters.requeue([id, id]), 4);
  for (let i = 0; i < 4; i++) await (await place.next()).deadLetter(FAILURE);
  assertEquals(await place.queue.deadLetters.purge([id]), 4);
  assertEquals(place.deadCommands, ["active b", "active b"]);
});

test("what becomes a dead letter while all are requeued stays one, or comes back once", async () => {
  await using place = await withDeadLetters(300);
  const other = place.open();
  const dying = (async () => {
    for (let i = 0; i < 20; i++) {
      await other.enqueue([shellJob(`late ${i}`)]);
      const lease = await other.lease({ leaseMs: 60_000, waitMs: 5_000 });
      await lease?.deadLetter(FAILURE);
    }
  })();
  const count = await place.queue.deadLetters.requeue("all");
  await dying;
  assert(count >= 280, `${count}`);
  const all = [...place.commands, ...place.deadCommands];
  assertEquals([all.length, new Set(all.map((line) => line.replace(/^\w+ /, ""))).size], [320, 320]);
  await waitUntil(() => place.view.dead.every(({ state }) => state.kind === "active"));
});

test("what arrives on the queue while dead letters are purged is left alone", async () => {
  await using place = await withDeadLetters(200);
  const other = place.open();
  const [count] = await Promise.all([
    place.queue.deadLetters.purge("all"),
    other.enqueue(Array.from({ length: 50 }, (_, index) => shellJob(`new ${index}`))),
  ]);
  assertEquals([count, place.view.all.length, place.view.dead.length], [200, 50, 0]);
});

test("two that requeue all at the same time bring every dead letter back, each once", async () => {
  await using place = await withDeadLetters(250);
  const other = place.open();
  const counts = await Promise.all([place.queue, other].map((queue) => queue.deadLetters.requeue("all")));
  assertEquals(counts.reduce((a, b) => a + b), 250);
  assertEquals([new Set(place.commands).size, place.view.all.length, place.view.dead], [250, 250, []]);
});

test("two that single out different dead letters at the same time both find theirs", async () => {
  await using place = await withDeadLetters(150);
  const [first, second] = [await idOf(place, "echo 149"), await idOf(place, "echo 0")];
  const other = place.open();
  const counts = await Promise.all([
    place.queue.deadLetters.requeue([first]),
    other.deadLetters.purge([second]),
  ]);
  assertEquals([counts, place.commands, place.view.dead.length], [[1, 1], ["active echo 149"], 148]);
});

test("a dead letter whose copy fails stays where it is, there for others at once", async () => {
  await using place = await withDeadLetters(30);
  const queue = place.open({ patienceMs: 2_000 });
  const condition = "amqp:internal-error";
  place.broker.fault({ kind: "refuse", condition }, { at: "transfer", times: 100_000 });
  await assertRejects(queue.deadLetters.requeue("all"), BackendError);
  place.broker.heal();
  assertEquals([place.view.all, place.view.dead.length], [[], 30]);
  assertFree(place);
  assertEquals(await queue.deadLetters.requeue("all"), 30);
});

test("a dead letter whose removal fails after its copy is there twice, never nowhere", async () => {
  await using place = await withDeadLetters(3);
  const queue = place.open({ patienceMs: 2_000 });
  for (const at of ["disposition", "management"] as const) {
    const operation = at === "management" ? "com.microsoft:update-disposition" : undefined;
    place.broker.fault({ kind: "throttle" }, { at, operation, times: 100_000 });
  }
  await assertRejects(queue.deadLetters.requeue("all"), BackendError);
  place.broker.heal();
  for (const command of ["echo 0", "echo 1", "echo 2"]) {
    assert(place.deadCommands.some((line) => line.endsWith(command)), `${command} is gone`);
  }
});

for (const call of ["requeue", "purge"] as const) {
  test(`dead letters whose locks end during a ${call} are no error: others have them, or they wait`, async () => {
    await using place = await withDeadLetters(20, { made: { lockDurationMs: 150 } });
    place.broker.fault({ kind: "delay", ms: 400 }, { at: "disposition", times: 5 });
    assertBetween(await place.queue.deadLetters[call]("all"), 0, 20);
    await waitUntil(() => place.view.dead.every(({ state }) => state.kind === "active"));
    if (call === "purge") return;
    const left = [...place.commands, ...place.deadCommands].map((line) => line.replace(/^\w+ /, ""));
    assertEquals(new Set(left).size, 20);
  });
}

test("a requeue to a full queue says so, and leaves the dead letters", async () => {
  await using place = await Place.make({ made: { maxSizeBytes: 4_000 } });
  await place.queue.enqueue([shellJob("dead")]);
  await (await place.next()).deadLetter(FAILURE);
  await place.queue.enqueue([shellJob(`: ${"x".repeat(2_500)}`)]);
  await place.queue.enqueue([shellJob("small")]).catch(() => {});
  const error = await assertRejects(place.queue.deadLetters.requeue("all"), BackendError);
  assertMatch(error.message, /the queue is full/);
  assertEquals(place.view.dead.length, 1);
  assertFree(place);
});

test("dead letters that the service made are listed with its reason, and requeued", async () => {
  await using place = await Place.make({
    made: { maxDeliveryCount: 2, defaultTtlMs: 300, deadLetteringOnExpiration: true },
  });
  await place.put(taskText({ cmd: "expires" }, { id: "expires" }));
  await waitUntil(() => place.view.dead.length === 1);
  const [expired] = await place.queue.deadLetters.list();
  assertEquals(expired?.job.id, "expires");
  assertMatch(expired?.failure.message ?? "", /^TTLExpiredException: .*expired/);
  assertEquals([expired?.failure.kind, expired?.failure.output], ["failed", undefined]);
  assert(Math.abs((expired?.failure.at ?? 0) - Date.now()) < 60_000);
  assertEquals(await place.queue.deadLetters.requeue(["expires"]), 1);
  assertEquals(commandOf((await place.next()).job), "expires");
});

test("dead letters of others are listed with what they said, oldest first, and requeued", async () => {
  await using place = await Place.make();
  await place.put(taskText({ cmd: "a" }, { id: "a" }), taskText({ cmd: "b" }, { id: "b" }), "no job");
  await place.giveUp({ deadLetterReason: "boom", deadLetterErrorDescription: "at line 7" });
  await place.giveUp({ deadLetterReason: "", deadLetterErrorDescription: "" });
  await place.giveUp({ deadLetterReason: "x".repeat(4_000), deadLetterErrorDescription: "y".repeat(4_000) });
  const letters = await place.queue.deadLetters.list();
  assertEquals(letters.slice(0, 2).map(({ job, failure }) => [job.id, failure.message]), [
    ["a", "boom: at line 7"],
    ["b", "the reason was not recorded"],
  ]);
  assertMatch(commandOf(letters[2]?.job), /not a job: no job/);
  assertEquals(await place.queue.deadLetters.requeue("all"), 3);
  assertEquals(place.view.all.length, 3);
});

test("purge() removes what waits and what is scheduled, and leaves what is held, deferred or dead", async () => {
  await using place = await withDeadLetters(3);
  await place.put(taskText({ cmd: "deferred" }, { id: "deferred" }));
  await place.withReceiver(async (receiver, message) => await receiver.deferMessage(message));
  await place.queue.enqueue([shellJob("held 0"), shellJob("held 1")]);
  const held = await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 5_000, max: 2 });
  assertEquals(held.length, 2);
  const jobs = (count: number, delayMs: number) =>
    Array.from({ length: count }, (_, index) => shellJob(`echo ${index} ${delayMs}`, { delayMs }));
  await place.queue.enqueue([...jobs(700, 0), ...jobs(250, 3_600_000)]);
  await place.put("poison");
  assertEquals(await place.queue.purge(), 951);
  assertEquals(place.commands, ["deferred deferred", "locked held 0", "locked held 1"]);
  assertEquals(place.view.dead.length, 3);
  await Promise.all(held.map((lease) => lease.ack()));
});

test("purge() of jobs that come due meanwhile removes them, too", async () => {
  await using place = await Place.make();
  await place.queue.enqueue(
    Array.from({ length: 150 }, (_, index) => shellJob(`echo ${index}`, { delayMs: 20 + index })),
  );
  const removed = await place.queue.purge();
  await waitUntil(() => place.view.scheduled.length === 0);
  // Of those that came due while they were cancelled, the service does not say which were.
  assertBetween(removed, 0, 150);
  assertEquals(place.view.all, []);
});

test("purge() of an empty queue removes nothing", async () => {
  await using place = await Place.make();
  assertEquals(await place.queue.purge(), 0);
});
