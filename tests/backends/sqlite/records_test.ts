import type { JobDetails } from "../../../src/core/job_store.ts";
import type { JobId, NewJob } from "../../../src/core/job.ts";
import { assertEquals, assertExists } from "../../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../../support/jobs.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { SqliteFixture } from "../../support/sqlite_context.ts";
import { test } from "../../support/testing.ts";

async function push({ queue }: SqliteFixture, job: NewJob = shellJob()): Promise<JobId> {
  const [id = ""] = await queue.enqueue([job]);
  return id;
}

async function get({ queue }: SqliteFixture, id: JobId): Promise<JobDetails> {
  return assertExists(await queue.get(id));
}

test("a row that cannot be decoded is listed as such, among the others", async () => {
  await using it = await SqliteFixture.make();
  const id = await push(it, shellJob("broken", { name: "a name" }));
  await push(it, shellJob("whole"));
  for (const spec of ["{", "null", '{"task":{"kind":"shell"}}', '{"task":{"kind":"x"}}', ""]) {
    it.exec(`UPDATE jobs SET spec = '${spec}' WHERE seq = 1`);
    assertEquals((await it.queue.list()).map(commandOf), ["whole", "(cannot be decoded)"]);
    const { name, state, history } = await get(it, id);
    assertEquals([name, state, history], ["a name", "pending", []]);
  }
});

for (const text of ["{", "null", "[]", "7", '"text"', '{"message":7}', ""]) {
  test(`a failure that cannot be read as one, ${text || "empty"}, is said to be so`, async () => {
    await using it = await SqliteFixture.make();
    const id = await push(it);
    await (await it.queue.lease({ leaseMs: 60_000, waitMs: 0 }))?.deadLetter(FAILURE);
    it.exec(`UPDATE jobs SET failure = '${text}'`);
    const { failure, finishedAt, exitCode, history } = await get(it, id);
    assertEquals(failure, { kind: "failed", message: "the reason cannot be read", at: finishedAt ?? NaN });
    assertEquals([exitCode, history[0]?.outcome], [undefined, "failed"]);
    assertEquals((await it.queue.list())[0]?.failure, failure);
  });
}

test("a result that cannot be decoded is none", async () => {
  await using it = await SqliteFixture.make();
  const id = await push(it);
  await (await it.queue.lease({ leaseMs: 60_000, waitMs: 0 }))?.ack({ score: 1 });
  it.exec("UPDATE jobs SET result = '{'");
  assertEquals([(await get(it, id)).result, (await it.queue.list())[0]?.result], [undefined, undefined]);
});

test("a result that is null is one", async () => {
  await using it = await SqliteFixture.make();
  const id = await push(it);
  await (await it.queue.lease({ leaseMs: 60_000, waitMs: 0 }))?.ack(null);
  assertEquals((await get(it, id)).result, null);
});

test("a function that completed has no exit code", async () => {
  await using it = await SqliteFixture.make();
  const id = await push(it, { task: { kind: "function", name: "f", payload: null } });
  await (await it.queue.lease({ leaseMs: 60_000, waitMs: 0 }))?.ack();
  const { exitCode, history } = await get(it, id);
  assertEquals([exitCode, history[0]?.exitCode], [undefined, undefined]);
});

test("a lost execution is in the history before the next one begins, and ends with its lease", async () => {
  const clock = new ManualClock();
  await using it = await SqliteFixture.make({ clock });
  const id = await push(it);
  await it.queue.lease({ leaseMs: 1_000, waitMs: 0, workerId: "w1" });
  const expiredAt = clock.now() + 1_000;
  await clock.advance(5_000);
  const first = await push(it, shellJob("first", { priority: 1 }));
  await using lease = await it.queue.lease({ leaseMs: 60_000, waitMs: 0 });
  assertEquals(lease?.job.id, first);
  const { state, history } = await get(it, id);
  assertEquals([state, history.length], ["pending", 1]);
  const [{ outcome, workerId, endedAt }] = history as [JobDetails["history"][number]];
  assertEquals([outcome, workerId, endedAt], ["lost", "w1", expiredAt]);
});

test("jobs of another queue in the same file are not seen", async () => {
  await using it = await SqliteFixture.make();
  const other = await it.openOther();
  const [id = ""] = await other.enqueue([shellJob("theirs")]);
  await push(it, shellJob("ours"));
  assertEquals((await it.queue.list()).map(commandOf), ["ours"]);
  assertEquals((await it.queue.list({ states: ["pending"], sort: "name" })).map(commandOf), ["ours"]);
  assertEquals(await it.queue.get(id), undefined);
  assertEquals(await it.queue.position(id), undefined);
  for (const text of [id, "1", id.slice(0, 3)]) assertEquals(await it.queue.findIds(text, { limit: 5 }), []);
});

test("jobs without what is sorted by come last, the other way round, too", async () => {
  await using it = await SqliteFixture.make();
  await push(it, shellJob("a", { name: "a" }));
  await push(it, shellJob("nameless"));
  await push(it, shellJob("b", { name: "b" }));
  assertEquals((await it.queue.list({ sort: "name" })).map(commandOf), ["a", "b", "nameless"]);
  assertEquals((await it.queue.list({ sort: "name", reverse: true })).map(commandOf), ["b", "a", "nameless"]);
});

test("list() sorts what it found by state, up to its limit", async () => {
  await using it = await SqliteFixture.make();
  for (const [command, priority] of [["a", 1], ["b", 3], ["c", 2], ["d", 9]] as const) {
    await push(it, shellJob(command, { priority, name: command }));
  }
  await using _held = await it.queue.lease({ leaseMs: 60_000, waitMs: 0 });
  const list = async (options: Parameters<typeof it.queue.list>[0]) =>
    (await it.queue.list({ states: ["pending", "pending"], ...options })).map(commandOf);
  assertEquals(await list({ sort: "priority", limit: 2 }), ["b", "c"]);
  assertEquals(await list({ limit: 2 }), ["c", "b"]);
  assertEquals(await list({ limit: 2, reverse: true }), ["a", "b"]);
  // The limit is for what meets all conditions.
  assertEquals(await list({ limit: 1, name: "[ad]" }), ["a"]);
  assertEquals((await it.queue.list({ states: ["completed", "running"] })).map(commandOf), ["d"]);
});

test("position() follows priority, then the order of pushes", async () => {
  await using it = await SqliteFixture.make();
  const ids = await it.queue.enqueue([0, 5, 0, 5, -1].map((priority) => shellJob("true", { priority })));
  assertEquals(await Promise.all(ids.map((id) => it.queue.position(id))), [2, 0, 3, 1, 4]);
});

test("position() counts a delayed job from the moment when its delay has passed", async () => {
  const clock = new ManualClock();
  await using it = await SqliteFixture.make({ clock });
  const delayed = await push(it, shellJob("true", { delayMs: 1_000, priority: 1 }));
  const ready = await push(it);
  const positions = () => Promise.all([delayed, ready].map((id) => it.queue.position(id)));
  assertEquals(await positions(), [1, 0]);
  await clock.advance(1_000);
  assertEquals(await positions(), [0, 1]);
});

test("position() of a delayed job counts all that are ready until then", async () => {
  await using it = await SqliteFixture.make();
  const late = await push(it, shellJob("true", { delayMs: 60_000, priority: 9 }));
  const early = await push(it, shellJob("true", { delayMs: 30_000 }));
  await it.queue.enqueue([shellJob(), shellJob()]);
  assertEquals([await it.queue.position(early), await it.queue.position(late)], [2, 3]);
});

test("findIds() finds all numbers that begin with the digits, the least first", async () => {
  await using it = await SqliteFixture.make();
  const ids = await pushNumbered(it, [
    2,
    119,
    120,
    129,
    130,
    1_199,
    1_200,
    1_299,
    1_300,
    12_000,
    120_000_000,
  ]);
  const found = [120, 129, 1_200, 1_299, 12_000, 120_000_000].map((number) => `${number}-`);
  const numbersOf = (some: readonly JobId[]) => some.map((id) => id.replace(/-.*/, "-"));
  assertEquals(numbersOf(await it.queue.findIds("12", { limit: 100 })), found);
  assertEquals(numbersOf(await it.queue.findIds("12", { limit: 3 })), found.slice(0, 3));
  assertEquals(await it.queue.findIds("2", { limit: 100 }), [ids[0] ?? ""]);
  assertEquals(numbersOf(await it.queue.findIds("1", { limit: 100 })).length, 10);
});

test("findIds() takes a number that there is for that number, and no other", async () => {
  await using it = await SqliteFixture.make();
  const [id = ""] = await pushNumbered(it, [12, 120, 1_200]);
  assertEquals(await it.queue.findIds("12", { limit: 5 }), [id]);
});

test("findIds() with a dash looks at one number only", async () => {
  await using it = await SqliteFixture.make();
  const [id = ""] = await pushNumbered(it, [120, 1_200]);
  assertEquals(await it.queue.findIds("120-", { limit: 5 }), [id]);
  assertEquals(await it.queue.findIds(`12-${id.slice(4)}`, { limit: 5 }), []);
  assertEquals(await it.queue.findIds("0120-", { limit: 5 }), []);
});

/** Pushes a job of each of these numbers, which ascend. */
async function pushNumbered(it: SqliteFixture, numbers: readonly number[]): Promise<readonly JobId[]> {
  const ids: JobId[] = [];
  for (const number of numbers) {
    it.exec(`
      DELETE FROM sqlite_sequence WHERE name = 'jobs';
      INSERT INTO sqlite_sequence (name, seq) VALUES ('jobs', ${number - 1})`);
    ids.push(await push(it));
  }
  return ids;
}
