import type { Failure } from "../../../src/core/failure.ts";
import type { Lease } from "../../../src/core/queue.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { commandOf, FAILURE, shellJob, TIMED_OUT } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { taskText } from "../storage_queue/python_tool.ts";
import { Place } from "./place.ts";

const LOCK_MS = 200;

/** What is known of an execution. */
function countsOf({ job }: Lease): { attempts: number; executions: number } {
  return { attempts: job.attempts, executions: job.executions };
}

/** Takes the next message and is not heard of again, some times. */
async function lose(place: Place, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    place.view.lockDurationMs = LOCK_MS;
    await place.withReceiver(() => Promise.resolve());
    await waitUntil(() => place.view.locked.length === 0);
    place.view.lockDurationMs = 60_000;
  }
}

/** Gives the next message back without a note, as another tool does. */
async function unlock(place: Place): Promise<void> {
  await place.withReceiver((receiver, message) => receiver.abandonMessage(message));
}

const RETURNS: Readonly<Record<string, { back: (lease: Lease) => Promise<void>; counts: boolean }>> = {
  "release()": { back: (lease) => lease.release(), counts: false },
  "release() for later": { back: (lease) => lease.release({ delayMs: 1 }), counts: false },
  "disposing the lease": { back: async (lease) => await lease[Symbol.asyncDispose](), counts: false },
  "retry()": { back: (lease) => lease.retry({ delayMs: 0, failure: FAILURE }), counts: true },
  "retry() for later": { back: (lease) => lease.retry({ delayMs: 1, failure: FAILURE }), counts: true },
};

for (const [name, { back, counts }] of Object.entries(RETURNS)) {
  test(`${name} is an execution, and ${counts ? "" : "no "}attempt`, async () => {
    await using place = await Place.make();
    await place.queue.enqueue([shellJob("a", { maxAttempts: 10 })]);
    for (let round = 0; round < 3; round++) {
      const lease = await place.next();
      assertEquals(countsOf(lease), { attempts: counts ? round : 0, executions: round + 1 });
      await back(lease);
    }
    await waitUntil(() => place.view.active.length === 1);
    const [shown] = await place.queue.peek(1);
    assertEquals([shown?.attempts, shown?.executions], [counts ? 3 : 0, 3]);
  });
}

test("attempts and executions are right across all ways of coming back, in any order", async () => {
  await using place = await Place.make();
  await place.queue.enqueue([shellJob("a", { maxAttempts: 100 })]);
  const ways = Object.values(RETURNS);
  let attempts = 0;
  for (let round = 0; round < 25; round++) {
    const way = ways[(round * 7) % ways.length];
    assert(way !== undefined);
    const lease = await place.next();
    assertEquals(countsOf(lease), { attempts, executions: round + 1 });
    await way.back(lease);
    if (way.counts) attempts++;
  }
  assertEquals(attempts, 10);
});

test("an execution whose worker was not heard of again is one, and no attempt", async () => {
  await using place = await Place.make();
  await place.queue.enqueue([shellJob("a", { maxAttempts: 5 })]);
  await (await place.next()).retry({ delayMs: 0, failure: FAILURE });
  await lose(place, 2);
  assertEquals(countsOf(await place.next()), { attempts: 1, executions: 4 });
});

test("a message that another tool unlocked without a note counts as lost once", async () => {
  await using place = await Place.make();
  await place.put(taskText({ cmd: "a" }, { num_retries: 0 }));
  for (let i = 0; i < 4; i++) await unlock(place);
  const lease = await place.next();
  assertEquals(countsOf(lease), { attempts: 0, executions: 5 });
  await lease.release();
  // What was noted with that release is not counted again.
  for (let i = 0; i < 3; i++) await (await place.next()).release();
  assertEquals(countsOf(await place.next()), { attempts: 0, executions: 9 });
});

test("five lost executions make a job poison, whatever came between them", async () => {
  await using place = await Place.make();
  await place.put(taskText({ cmd: "killer" }, { num_retries: 0 }));
  for (let i = 0; i < 4; i++) {
    await lose(place);
    const lease = await place.next();
    await lease.renew(60_000);
    await lease.release({ delayMs: i % 2 });
    await waitUntil(() => place.view.active.length === 1);
  }
  await lose(place);
  assertEquals(await place.maybeNext(), undefined);
  const { deadLetterReason, applicationProperties } = place.onlyDead;
  assertEquals(deadLetterReason, "its worker was lost 5 times while running it");
  assertEquals([applicationProperties["jobq-reason"], applicationProperties["jobq-lost"]], ["poison", 5]);
});

test("four do not", async () => {
  await using place = await Place.make();
  await place.put(taskText({ cmd: "unlucky" }, { num_retries: 0 }));
  await lose(place, 4);
  assertEquals(countsOf(await place.next()), { attempts: 0, executions: 5 });
});

test("a job with retries may be lost once more for each: a Python worker that fails looks the same", async () => {
  await using place = await Place.make();
  await place.put(taskText({ cmd: "fails" }, { num_retries: 2 }));
  await lose(place, 6);
  const lease = await place.next();
  assertEquals(countsOf(lease), { attempts: 0, executions: 7 });
  await lease.release();
  await lose(place);
  assertEquals(await place.maybeNext(), undefined);
  assertEquals(place.onlyDead.deadLetterReason, "its worker was lost 7 times while running it");
});

test("a job that used its attempts up goes to the dead letters with all that is known", async () => {
  await using place = await Place.make();
  await place.queue.enqueue([shellJob("false", { maxAttempts: 3 })]);
  for (let i = 0; i < 2; i++) await (await place.next()).retry({ delayMs: i, failure: FAILURE });
  await (await place.next()).deadLetter(FAILURE);
  const { deadLetterReason, deadLetterErrorDescription = "", applicationProperties } = place.onlyDead;
  assertEquals(deadLetterReason, "exited with code 3");
  const time = new Date(FAILURE.at).toISOString();
  assertEquals(deadLetterErrorDescription, `exit code 3, attempts 3, w1, ${time}\n\nlast words`);
  assertEquals(applicationProperties["jobq-exit-code"], 3);
  assertEquals(applicationProperties["jobq-worker"], "w1");
  const [letter] = await place.queue.deadLetters.list();
  assertEquals(letter?.failure, { ...FAILURE, signal: undefined });
  assertEquals([letter?.job.attempts, letter?.job.executions, letter?.job.state], [3, 3, "failed"]);
});

const FAILURES: Readonly<Record<string, Failure>> = {
  "with an exit code": FAILURE,
  "over its time": TIMED_OUT,
  "with a signal": { ...FAILURE, exitCode: undefined, signal: "SIGSEGV", message: "killed by SIGSEGV" },
  "without output": { ...FAILURE, output: undefined },
  "with output of many paragraphs": { ...FAILURE, output: "one\n\ntwo\n\n\nthree\n" },
  "with output that looks like what is told": { ...FAILURE, output: "exit code 7, attempts 9\n\nw2" },
  "with text beyond ASCII": { ...FAILURE, message: "ging schief: ☃ 𝒳", output: "Übel \u0001\u0000\n☃" },
  "with exit code 0": { ...FAILURE, exitCode: 0 },
};

for (const [what, failure] of Object.entries(FAILURES)) {
  test(`a failure ${what} is listed with its dead letter as it was`, async () => {
    await using place = await Place.make();
    await place.queue.enqueue([shellJob("a")]);
    await (await place.next()).deadLetter(failure);
    const [letter] = await place.queue.deadLetters.list();
    const none = { exitCode: undefined, signal: undefined, output: undefined, workerId: undefined };
    assertEquals(letter?.failure, { ...none, ...failure });
  });
}

test("of a long output the last lines are kept, and a reason that is too long is cut", async () => {
  await using place = await Place.make();
  await place.queue.enqueue([shellJob("a")]);
  const lines = Array.from({ length: 2_000 }, (_, index) => `line ${index}`).join("\n");
  await (await place.next()).deadLetter({ ...FAILURE, message: "m".repeat(9_000), output: lines });
  const { deadLetterReason = "", deadLetterErrorDescription = "" } = place.onlyDead;
  // As many characters as the service keeps.
  for (const text of [deadLetterReason, deadLetterErrorDescription]) {
    assert(text.length > 3_000 && text.length <= 4_096, `${text.length}`);
  }
  assertMatch(deadLetterErrorDescription, /^exit code 3, attempts 1, w1/);
  assertMatch(deadLetterErrorDescription, /line 1999$/);
  const [letter] = await place.queue.deadLetters.list();
  assert(lines.endsWith(letter?.failure.output ?? "-"));
});

test("output beyond ASCII is cut to what the service keeps in bytes, too", async () => {
  await using place = await Place.make();
  await place.queue.enqueue([shellJob("a")]);
  await (await place.next()).deadLetter({
    ...FAILURE,
    message: "☃".repeat(5_000),
    output: "☃".repeat(9_000),
  });
  assertEquals((await place.queue.deadLetters.list()).length, 1);
  const [letter] = await place.queue.deadLetters.list();
  assertMatch(letter?.failure.output ?? "", /^☃+$/);
});

test("a dead letter keeps its deliveries, and a requeued job starts afresh", async () => {
  await using place = await Place.make();
  await place.queue.enqueue([shellJob("a", { maxAttempts: 3 })]);
  const [before] = place.view.all;
  for (let i = 0; i < 2; i++) await (await place.next()).retry({ delayMs: 0, failure: FAILURE });
  await lose(place);
  await (await place.next()).deadLetter({ ...FAILURE, signal: "SIGSEGV", kind: "timed-out" });
  const [letter] = await place.queue.deadLetters.list();
  assertEquals([letter?.job.attempts, letter?.job.executions], [3, 4]);
  assertEquals(await place.queue.deadLetters.requeue("all"), 1);
  const [after] = place.view.all;
  assertEquals(after?.body, before?.body);
  assertEquals(after?.applicationProperties, {});
  assertEquals(countsOf(await place.next()), { attempts: 0, executions: 1 });
});

test("a requeued poison job starts afresh", async () => {
  await using place = await Place.make();
  await place.put(taskText({ cmd: "killer" }, { num_retries: 0 }));
  for (let i = 0; i < 5; i++) await unlock(place);
  assertEquals(await place.maybeNext(), undefined);
  assertEquals(await place.queue.deadLetters.requeue("all"), 1);
  assertEquals(commandOf((await place.next()).job), "killer");
});

test("a job whose retries the service ended keeps what is noted, and comes back with all its attempts", async () => {
  await using place = await Place.make({ made: { maxDeliveryCount: 3 } });
  await place.queue.enqueue([shellJob("a", { maxAttempts: 100 })]);
  for (let i = 0; i < 3; i++) await (await place.next()).retry({ delayMs: 0, failure: FAILURE });
  assertEquals(await place.maybeNext(), undefined);
  const [letter] = await place.queue.deadLetters.list();
  assertEquals(letter?.job.attempts, 3);
  assertMatch(letter?.failure.message ?? "", /^MaxDeliveryCountExceeded: .*3 delivery attempts/);
  assertEquals(await place.queue.deadLetters.requeue("all"), 1);
  assertEquals(countsOf(await place.next()), { attempts: 0, executions: 1 });
});

test("retries for later do not come nearer to the service's limit of deliveries", async () => {
  await using place = await Place.make({ made: { maxDeliveryCount: 3 } });
  await place.queue.enqueue([shellJob("a", { maxAttempts: 100 })]);
  for (let i = 0; i < 10; i++) await (await place.next()).retry({ delayMs: 1, failure: FAILURE });
  assertEquals(countsOf(await place.next()), { attempts: 10, executions: 11 });
});

test("a retry for later has a message id of its own, and the job keeps its id", async () => {
  await using place = await Place.make({ made: { duplicateDetectionMs: 3_600_000 } });
  const [id] = await place.queue.enqueue([shellJob("a", { maxAttempts: 100 })]);
  const messageIds = new Set<string>();
  for (let i = 0; i < 3; i++) {
    messageIds.add(place.view.all[0]?.messageId ?? "");
    const lease = await place.next();
    assertEquals(lease.job.id, id);
    await lease.retry({ delayMs: 1, failure: FAILURE });
    await waitUntil(() => place.view.active.length === 1);
  }
  assertEquals(messageIds.size, 3);
  // To push the job again is still to push the same one.
  await place.queue.enqueue([shellJob("a", { maxAttempts: 100 })]);
  assertEquals(place.view.all.length, 1);
});
