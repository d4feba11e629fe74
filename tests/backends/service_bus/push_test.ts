import {
  AccessDeniedError,
  BackendError,
  JobRefusedError,
  PartialPushError,
  UnsupportedError,
} from "../../../src/core/errors.ts";
import type { NewJob } from "../../../src/core/job.ts";
import { assert, assertBetween, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { durationOf } from "./duration_of.ts";
import { Place } from "./place.ts";

function jobs(count: number, more = ""): readonly NewJob[] {
  return Array.from({ length: count }, (_, index) => shellJob(`echo ${index} ${more}`));
}

/** The ids of what lies on the queue, in order. */
function idsIn({ view }: Place): readonly string[] {
  return view.all.map(({ messageId }) => messageId);
}

test("a job's message has the job's id, and its text as bytes", async () => {
  await using place = await Place.make();
  const [id] = await place.queue.enqueue([shellJob("true", { maxAttempts: 3 })]);
  const [message] = place.view.all;
  assertEquals(message?.messageId, id);
  assertEquals(
    message?.body,
    `{"version": 1, "reply_requested": false, "kwargs": "{\\"cmd\\": \\"true\\", \\"bg_dirsync_to\\": null, \\"env\\": {}}", "num_retries": 2, "id": "${id}"}`,
  );
  assertEquals(message?.applicationProperties, {});
});

test("5,000 jobs of one push are all there, in their order, with the ids in the same", async () => {
  await using place = await Place.make();
  const ids = await place.queue.enqueue(jobs(5_000));
  assertEquals(idsIn(place), [...ids]);
});

test("jobs that fill many batches to the brim are all there, in their order", async () => {
  await using place = await Place.make();
  const pushed = Array.from({ length: 60 }, (_, index) => shellJob(`: ${"x".repeat(1_500 * index)}`));
  const ids = await place.queue.enqueue(pushed);
  assertEquals(idsIn(place), [...ids]);
});

test("a push of no jobs asks nothing", async () => {
  await using place = await Place.make();
  assertEquals(await place.queue.enqueue([]), []);
  assertEquals(place.broker.connections, 0);
});

for (const at of [0, 1, 1_500]) {
  test(`a job that is too large for a message, as number ${at} of a push, is named, and nothing of it is sent`, async () => {
    await using place = await Place.make();
    const large = shellJob("true", {
      env: { A: "x".repeat(100_000), B: "y".repeat(100_000), C: "z".repeat(100_000) },
    });
    const error = await assertRejects(
      place.queue.enqueue([...jobs(at), large, ...jobs(3, "after")]),
      JobRefusedError,
    );
    assertEquals([error.index, place.view.all], [at, []]);
    assertMatch(error.message, /does not fit into a message of 262144 bytes/);
    assertMatch(error.hint ?? "", /script file/);
  });
}

test("the largest job that fits is pushed and leased", async () => {
  await using place = await Place.make();
  // The next one is refused; the SDK keeps some bytes of each batch to itself.
  let size = 262_144;
  const job = (length: number) =>
    shellJob("true", { env: { A: "x".repeat(length / 2), B: "y".repeat(length / 2) } });
  for (let step = 65_536; step >= 64; step /= 2) {
    const isTaken = await place.queue.enqueue([job(size)]).then(() => true, () => false);
    size += isTaken ? step : -step;
  }
  await place.queue.purge();
  await place.queue.enqueue([job(size - 256)]);
  assertBetween(place.texts[0]?.length ?? 0, 255_000, 262_144);
  const { job: leased } = await place.next();
  assertEquals(leased.env.A?.length, (size - 256) / 2);
});

test("a queue that takes smaller messages refuses what does not fit, and takes many in small batches", async () => {
  await using place = await Place.make({ made: { maxMessageBytes: 4_096 } });
  const error = await assertRejects(
    place.queue.enqueue([shellJob(`: ${"x".repeat(5_000)}`)]),
    JobRefusedError,
  );
  assertMatch(error.message, /does not fit into a message/);
  const ids = await place.queue.enqueue(jobs(50, "y".repeat(700)));
  assertEquals(idsIn(place), [...ids]);
});

test("a push of which a later batch fails tells exactly which jobs are there, and begins no more", async () => {
  await using place = await Place.make({ made: { maxMessageBytes: 4_096 }, patienceMs: 2_000 });
  const pushed = jobs(30, "y".repeat(700));
  place.broker.fault({ kind: "refuse", condition: "amqp:unauthorized-access" }, { at: "transfer", skip: 2 });
  const error = await assertRejects(place.queue.enqueue(pushed), PartialPushError);
  const there = error.ids.flatMap((id) => id ?? []);
  assertEquals(idsIn(place), there);
  assert(there.length > 0 && there.length < 30);
  const [first] = error.failures;
  assertEquals([error.ids.length, first?.index], [30, there.length]);
  for (const { error: cause } of error.failures) assert(cause instanceof AccessDeniedError);
  // A batch is all or nothing: all of the one that failed are named, and none after it.
  assertBetween(error.failures.length, 1, 6);
  assertMatch(error.message, /of 30 jobs were not pushed: Cannot push to "sb:\/\/localhost\/q"/);
});

test("a push to a service that goes away in its midst ends, and tells which jobs are there", async () => {
  await using place = await Place.make({ made: { maxMessageBytes: 4_096 }, patienceMs: 2_000 });
  place.broker.fault({ kind: "delay", ms: 20 }, { at: "transfer", times: 1_000 });
  const pushing = assertRejects(place.queue.enqueue(jobs(200, "y".repeat(700))), PartialPushError);
  await waitUntil(() => place.view.all.length >= 10);
  await place.broker.down();
  const error = await pushing;
  await place.broker.up();
  const there = error.ids.flatMap((id) => id ?? []);
  const found = new Set(idsIn(place));
  assert(there.every((id) => found.has(id)));
  // The batch that was under way may be there.
  assertBetween(found.size - there.length, 0, error.failures.length);
  for (const { error: cause } of error.failures) assert(cause instanceof BackendError && cause.transient);
});

test("a push of one job that fails is that failure", async () => {
  await using place = await Place.make({ patienceMs: 2_000 });
  await place.broker.down();
  const error = await assertRejects(place.queue.enqueue(jobs(1)), BackendError);
  assertMatch(error.message, /^Cannot push to "sb:\/\/localhost\/q": the connection was refused$/);
  assert(error.transient && !error.mayBeDone);
  await place.broker.up();
});

test("a push that is aborted ends at once, and tells which jobs are there", async () => {
  await using place = await Place.make({ made: { maxMessageBytes: 4_096 } });
  const stop = new AbortController();
  place.broker.fault({ kind: "silence" }, { at: "transfer", skip: 3, times: 1_000 });
  const pushing = place.queue.enqueue(jobs(100, "y".repeat(700)), { signal: stop.signal });
  await waitUntil(() => place.view.all.length >= 9);
  stop.abort(new Error("enough"));
  assertBetween(await durationOf(pushing), 0, 1_000);
  const error = await assertRejects(pushing, PartialPushError);
  assertEquals(error.ids.flatMap((id) => id ?? []), idsIn(place));
  assertMatch(error.message, /jobs were not pushed: enough/);
});

test("a push that is aborted before it begins sends nothing", async () => {
  await using place = await Place.make();
  const reason = new Error("enough");
  const error = await assertRejects(
    place.queue.enqueue(jobs(2), { signal: AbortSignal.abort(reason) }),
    Error,
  );
  assert(error === reason);
  assertEquals(place.broker.connections, 0);
});

test("a push to a full queue says so, with what to do, and is not tried again", async () => {
  await using place = await Place.make({ made: { maxSizeBytes: 3_000 } });
  await place.queue.enqueue([shellJob(`: ${"x".repeat(2_000)}`)]);
  const pushing = place.queue.enqueue([shellJob(`: ${"y".repeat(2_000)}`)]);
  assertBetween(await durationOf(pushing), 0, 3_000);
  const error = await assertRejects(pushing, BackendError);
  assertMatch(error.message, /the queue is full/);
  assert(!error.transient);
  assertMatch(error.hint ?? "", /workers/);
  assertEquals(place.view.all.length, 1);
});

test("a push that fills a queue in its midst tells which jobs are there", async () => {
  await using place = await Place.make({ made: { maxSizeBytes: 20_000, maxMessageBytes: 4_096 } });
  const error = await assertRejects(place.queue.enqueue(jobs(60, "y".repeat(700))), PartialPushError);
  const there = error.ids.flatMap((id) => id ?? []);
  assert(there.length > 5);
  assertEquals(idsIn(place).slice(0, there.length), there);
});

test("the same job twice is one where the queue remembers ids, and two with ids of their own", async () => {
  await using place = await Place.make({ made: { duplicateDetectionMs: 3_600_000 } });
  const ids = await place.queue.enqueue([shellJob("a"), shellJob("a")]);
  await place.queue.enqueue([shellJob("a")]);
  assertEquals([ids[0], place.view.all.length], [ids[1], 1]);
  const other = place.open({ azure: { newIds: true } });
  const own = await other.enqueue([shellJob("a"), shellJob("a")]);
  assertEquals([new Set([...ids, ...own]).size, place.view.all.length], [3, 3]);
  assertEquals(place.commands, ["active a", "active a", "active a"]);
});

test("the same job twice is there twice where the queue forgets ids", async () => {
  await using place = await Place.make();
  await place.queue.enqueue([shellJob("a"), shellJob("a")]);
  assertEquals(place.commands, ["active a", "active a"]);
});

test("a job is one of its own when its environment, its retries or its name differ", async () => {
  await using place = await Place.make({ made: { duplicateDetectionMs: 3_600_000 } });
  const ids = await place.queue.enqueue([
    shellJob("a"),
    shellJob("a", { env: { A: "1" } }),
    shellJob("a", { maxAttempts: 2 }),
  ]);
  assertEquals([new Set(ids).size, place.view.all.length], [3, 3]);
});

test("a scheduled push is not there before its time, and then it is", async () => {
  await using place = await Place.make();
  await place.queue.enqueue([
    shellJob("soon", { delayMs: 400 }),
    shellJob("never", { delayMs: 365 * 86_400_000 }),
    shellJob("now"),
  ]);
  assertEquals(place.commands, ["scheduled soon", "scheduled never", "active now"]);
  assertEquals(await place.queue.counts(), { unfinished: 3, delayed: 2, failed: 0 });
  const shown = await place.queue.peek(10);
  assertEquals(shown.map(commandOf).toSorted(), ["never", "now", "soon"]);
  assertEquals(shown.filter(({ visibleAt }) => visibleAt !== undefined).length, 2);
  await (await place.next()).ack();
  const lease = await place.next();
  assertEquals(commandOf(lease.job), "soon");
  await lease.retry({ delayMs: 10, failure: FAILURE });
  assertEquals((await place.next()).job.attempts, 1);
});

for (const name of ["a/b/c", "with.dots-and_more", "UPPER/lower", `${"x".repeat(259)}y`]) {
  test(`a queue "${name.slice(0, 20)}" of ${name.length} characters is made, filled, looked at and emptied`, async () => {
    await using place = await Place.make({ name, made: null });
    await place.queue.enqueue([shellJob("a"), shellJob("b"), shellJob("c")]);
    assertEquals((await place.queue.peek(10)).length, 3);
    assertEquals((await place.queue.counts()).unfinished, 3);
    await (await place.next()).ack();
    await (await place.next()).deadLetter(FAILURE);
    assertEquals((await place.queue.deadLetters.list()).length, 1);
    assertEquals(await place.queue.deadLetters.requeue("all"), 1);
    assertEquals(await place.queue.purge(), 2);
    assertEquals([place.view.name, place.view.all, place.view.dead], [name, [], []]);
  });
}

const BAD: Readonly<Record<string, { job: NewJob; reason: RegExp }>> = {
  "an empty command": { job: shellJob(" "), reason: /the command is empty/ },
  "a command of 200 KB": { job: shellJob("x".repeat(200_000)), reason: /200000 bytes; the system passes/ },
  "a delay over ten years": {
    job: shellJob("true", { delayMs: 3_651 * 86_400_000 }),
    reason: /a delay must last/,
  },
};
for (const [what, { job, reason }] of Object.entries(BAD)) {
  test(`a push with ${what} in its midst sends nothing and names that job`, async () => {
    await using place = await Place.make();
    const [a, b] = jobs(2) as [NewJob, NewJob];
    const error = await assertRejects(place.queue.enqueue([a, job, b]), JobRefusedError);
    assertEquals([error.index, place.broker.connections], [1, 0]);
    assertMatch(error.message, reason);
  });
}

const UNSUPPORTED: Readonly<Record<string, Partial<NewJob>>> = {
  "a priority": { priority: 1 },
  "a parent": { after: [{ job: "x" }] },
  "a key": { key: "k", ifExists: "skip" },
};
for (const [what, more] of Object.entries(UNSUPPORTED)) {
  test(`a push with ${what} in its midst sends nothing and names what can`, async () => {
    await using place = await Place.make();
    const error = await assertRejects(
      place.queue.enqueue([shellJob(), shellJob("true", more)]),
      UnsupportedError,
    );
    assertMatch(error.message, /^Cannot push the job: Azure Service Bus queues cannot /);
    assertMatch(error.hint ?? "", /SQLite/);
    assertEquals(place.broker.connections, 0);
  });
}

test("pushes of many handles at the same time are all there", async () => {
  await using place = await Place.make();
  const handles = [place.queue, ...Array.from({ length: 5 }, () => place.open())];
  const ids = await Promise.all(
    handles.flatMap((queue, handle) =>
      [1, 2, 3].map((round) => queue.enqueue(jobs(20, `${handle} ${round}`)))
    ),
  );
  assertEquals(new Set(idsIn(place)), new Set(ids.flat()));
  assertEquals(place.view.all.length, 6 * 3 * 20);
});
