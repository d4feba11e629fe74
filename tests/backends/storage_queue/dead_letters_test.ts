import { BackendError, QueueNotFoundError } from "../../../src/core/errors.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { flakyPlace, Place } from "./place.ts";
import { putBack, taskText } from "./python_tool.ts";

/** A place with so many dead letters, of jobs that are dead since 1 s, 2 s and so on after the epoch. */
async function withDeadLetters(count: number, place?: Place): Promise<Place> {
  const made = place ?? await Place.make();
  await made.messages.createIfNotExists();
  await made.failed.createIfNotExists();
  const texts = Array.from({ length: count }, (_, index) =>
    taskText({ cmd: `echo ${index}` }, {
      id: `id-${index}`,
      error: `reason ${index}`,
      failed_at: new Date(1_000 * (index + 1)).toISOString(),
      attempts: 2,
    }));
  // Not in the order of their times, as with several workers.
  const shuffled = [...texts.slice(count / 2), ...texts.slice(0, count / 2)];
  for (const text of shuffled) await made.failed.sendMessage(text, { messageTimeToLive: -1 });
  return made;
}

test("where nobody ever failed there are no dead letters, and nothing is made", async () => {
  const place = await Place.make();
  await place.put(taskText());
  assertEquals(await place.queue.deadLetters.list(), []);
  assertEquals(await place.queue.deadLetters.requeue("all"), 0);
  assertEquals(await place.queue.deadLetters.purge(["id-1"]), 0);
  assertEquals((await place.queue.counts()).failed, 0);
  assertEquals(await place.failed.exists(), false);
});

test("forty dead letters are listed, oldest first, and visible to others at once", async () => {
  const place = await withDeadLetters(40);
  const letters = await place.queue.deadLetters.list();
  assertEquals(
    letters.map(({ failure }) => failure.message),
    Array.from({ length: 40 }, (_, i) => `reason ${i}`),
  );
  assertEquals((await place.failedTexts()).length, 32);
  assertEquals((await place.queue.deadLetters.list()).length, 40);
});

for (const limit of [0, 1, 32, 33, 100]) {
  test(`at most ${limit} of forty dead letters are listed`, async () => {
    const place = await withDeadLetters(40);
    assertEquals((await place.queue.deadLetters.list({ limit })).length, Math.min(limit, 40));
    assertEquals((await place.failedTexts()).length, 32);
  });
}

test("a list of few dead letters only looks: nobody sees them vanish meanwhile", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await withDeadLetters(5, place);
  assertEquals((await place.queue.deadLetters.list()).length, 5);
  assertEquals(proxy.requests.map(({ method, path }) => [method, /peekonly/.test(path)]), [
    ["GET", false],
    ["GET", true],
  ]);
});

test("one of forty is requeued, and the others are visible at once", async () => {
  const place = await withDeadLetters(40);
  assertEquals(await place.queue.deadLetters.requeue(["id-3"]), 1);
  assertEquals(await place.texts(), [taskText({ cmd: "echo 3" }, { id: "id-3", num_retries: 1 })]);
  const { receivedMessageItems } = await place.failed.receiveMessages({ numberOfMessages: 32 });
  assertEquals(receivedMessageItems.length, 32);
  assertEquals((await place.failed.getProperties()).approximateMessagesCount, 39);
});

test("all of forty are requeued", async () => {
  const place = await withDeadLetters(40);
  assertEquals(await place.queue.deadLetters.requeue("all"), 40);
  assertEquals([await place.count(), (await place.queue.counts()).failed], [40, 0]);
});

test("several with the same id are all requeued by it, and all purged", async () => {
  const place = await Place.make();
  for (const _ of [1, 2]) {
    await place.queue.enqueue([shellJob("a"), shellJob("a"), shellJob("b")]);
    for (let i = 0; i < 3; i++) await (await place.next()).deadLetter(FAILURE);
  }
  const id = (await place.queue.deadLetters.list()).find(({ job }) => commandOf(job) === "a")?.job.id ?? "";
  assertEquals(await place.queue.deadLetters.requeue([id, id]), 4);
  for (let i = 0; i < 4; i++) await (await place.next()).deadLetter(FAILURE);
  assertEquals(await place.queue.deadLetters.purge([id]), 4);
  assertEquals((await place.queue.deadLetters.list()).map(({ job }) => commandOf(job)), ["b", "b"]);
});

test("a dead letter of the Python tool has no reason, and goes back with the retries that it is left with", async () => {
  const place = await Place.make();
  await place.failed.create();
  await place.put(taskText({ cmd: "other" }));
  const usedUp = putBack(taskText({ cmd: "a" }, { num_retries: 1, id: "a" }));
  const poison = taskText({ cmd: "b" }, { num_retries: 3, id: "b" });
  for (const text of [usedUp, poison]) await place.failed.sendMessage(text, { messageTimeToLive: -1 });
  const letters = await place.queue.deadLetters.list();
  assertEquals(letters.map(({ job, failure }) => [job.id, commandOf(job), failure.kind, failure.message]), [
    ["a", "a", "failed", "the reason was not recorded"],
    ["b", "b", "failed", "the reason was not recorded"],
  ]);
  assert(letters.every(({ failure }) => Math.abs(failure.at - Date.now()) < 60_000));
  await place.queue.deadLetters.requeue("all");
  assertEquals(new Set((await place.texts()).slice(1)), new Set([usedUp, poison]));
});

test("a dead letter of Python's that is no task is requeued as it is", async () => {
  const place = await Place.make();
  await place.failed.create();
  const texts = ["garbage", '{"text": "not ours"}'];
  for (const text of texts) await place.failed.sendMessage(text);
  assertEquals(await place.queue.deadLetters.requeue("all"), 2);
  assertEquals(new Set(await place.texts()), new Set(texts));
});

test("a requeued job has all its attempts, and nothing of its failures", async () => {
  const place = await Place.make();
  const [id = ""] = await place.queue.enqueue([shellJob("false", { name: "n", maxAttempts: 3 })]);
  const before = await place.onlyText();
  for (let i = 0; i < 2; i++) await (await place.next()).retry({ delayMs: 0, failure: FAILURE });
  await (await place.next()).deadLetter({ ...FAILURE, signal: "SIGSEGV", kind: "timed-out" });
  assertEquals(await place.queue.deadLetters.requeue([id]), 1);
  assertEquals(await place.onlyText(), before);
});

test("a dead letter whose removal fails after its copy is there twice, never nowhere", async () => {
  await using flaky = await flakyPlace({ patienceMs: 2_000 });
  const { place, proxy } = flaky;
  await withDeadLetters(3, place);
  proxy.fault({ kind: "cut" }, { method: "DELETE", times: 1_000 });
  await assertRejects(place.queue.deadLetters.requeue("all"), BackendError);
  assertEquals([await place.count(), (await place.failedTexts()).length], [3, 3]);
});

test("a dead letter whose copy fails stays where it is, visible at once", async () => {
  await using flaky = await flakyPlace({ patienceMs: 2_000 });
  const { place, proxy } = flaky;
  await withDeadLetters(3, place);
  proxy.fault({ kind: "answer", status: 503 }, { method: "POST", times: 1_000 });
  await assertRejects(place.queue.deadLetters.requeue(["id-1"]), BackendError);
  assertEquals([await place.count(), (await place.failedTexts()).length], [0, 3]);
});

test("a requeue to a queue that is gone, and may not be made, says so and leaves the dead letters", async () => {
  const place = await withDeadLetters(2);
  await place.messages.delete();
  const other = await place.opened({ create: false });
  await assertRejects(other.queue.deadLetters.requeue("all"), QueueNotFoundError);
  assertEquals((await place.failedTexts()).length, 2);
});

test("a requeue goes on after what another one took meanwhile", async () => {
  const place = await withDeadLetters(40);
  const other = await place.opened({});
  const counts = await Promise.all([place, other].map(({ queue }) => queue.deadLetters.requeue("all")));
  assertEquals([counts.reduce((a, b) => a + b), await place.count()], [40, 40]);
});

test("purge() removes the forty that wait and leaves those that are held", async () => {
  const place = await Place.make();
  await place.queue.enqueue(Array.from({ length: 45 }, (_, index) => shellJob(`echo ${index}`)));
  const held = await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 0, max: 5 });
  assertEquals(await place.queue.purge(), 40);
  assertEquals(await place.count(), 5);
  for (const lease of held) await lease.ack();
  assertEquals(await place.count(), 0);
});

test("purge() removes poison, too", async () => {
  const place = await Place.make();
  await place.put("garbage", taskText());
  assertEquals([await place.queue.purge(), await place.count()], [2, 0]);
});

test("peek() shows poison as such, under the id by which it can be named", async () => {
  const place = await Place.make();
  await place.put("garbage\n1", taskText({ other: "x" }, { id: "mine" }), taskText({ cmd: "a" }));
  const jobs = await place.queue.peek(10);
  assertEquals(jobs.map((job) => commandOf(job).slice(0, 20)), [
    "(not a job: garbage ",
    '(not a job: {"versio',
    "a",
  ]);
  assertEquals(jobs[1]?.id, "mine");
  assertEquals((await place.queue.peek(100)).length, 3);
});
