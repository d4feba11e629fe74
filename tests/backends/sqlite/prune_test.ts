import { LogFiles } from "../../../src/backends/log_files/log_files.ts";
import { prune } from "../../../src/backends/sqlite/prune.ts";
import type { JobId } from "../../../src/core/job.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { FAILURE, shellJob } from "../../support/jobs.ts";
import { SqliteFixture } from "../../support/sqlite_context.ts";
import { test } from "../../support/testing.ts";

/** Told of each batch, at the moment when its logs are to be removed. */
class BatchLogs extends LogFiles {
  readonly batches: (readonly JobId[])[] = [];
  readonly #onBatch: (ids: readonly JobId[]) => void | Promise<void>;

  constructor(onBatch: (ids: readonly JobId[]) => void | Promise<void> = () => {}) {
    super("nowhere");
    this.#onBatch = onBatch;
  }

  override async remove(ids: readonly JobId[]): Promise<void> {
    if (ids.length === 0) return;
    this.batches.push(ids);
    await this.#onBatch(ids);
  }
}

/** Jobs that were run: `count` of them in this state, the first of which finished at `from`. */
function fill(
  it: SqliteFixture,
  { count, state, from }: { count: number; state: string; from: number },
): void {
  it.exec(`
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count})
    INSERT INTO jobs (queue_id, suffix, spec, max_attempts, state, created_at, started_at, finished_at, executions)
    SELECT 1, 'a', '{}', 1, '${state}', 1, 1, ${from} + i / 3, 1 FROM n`);
}

/** Makes a blocked child for each of the jobs with these numbers. */
function addChildren(it: SqliteFixture, where: string): void {
  it.exec(`
    INSERT INTO dependencies (child, position, parent, parent_suffix, condition)
      SELECT seq + 100000, 0, seq, suffix, 'ok' FROM jobs WHERE ${where};
    INSERT INTO jobs (seq, queue_id, suffix, spec, max_attempts, state, created_at)
      SELECT seq + 100000, 1, 'a', '{}', 1, 'blocked', 1 FROM jobs WHERE ${where}`);
}

test("prune() works in batches, between which others can write", async () => {
  await using it = await SqliteFixture.make();
  fill(it, { count: 2_000, state: "completed", from: 1_000 });
  const logs = new BatchLogs(async (ids) => {
    // They are gone for everybody, and the file is free.
    assertEquals(await it.queue.get(ids[0] ?? ""), undefined);
    await it.queue.enqueue([shellJob()]);
  });
  assertEquals(await prune({ ...it.context, logs }, {}), { removed: 2_000, needed: 0 });
  assert(logs.batches.length >= 4 && logs.batches.every((batch) => batch.length <= 500));
  assertEquals(new Set(logs.batches.flat()).size, 2_000);
  assertEquals(it.ask("SELECT count(*) FROM jobs"), logs.batches.length);
});

test("jobs that are needed do not keep prune() from those after them", async () => {
  await using it = await SqliteFixture.make();
  fill(it, { count: 1_400, state: "completed", from: 1_000 });
  addChildren(it, "seq <= 1100");
  assertEquals(await prune(it.context, { dryRun: true }), { removed: 300, needed: 1_100 });
  assertEquals(await prune(it.context, {}), { removed: 300, needed: 1_100 });
  assertEquals(it.ask("SELECT max(seq) FROM jobs WHERE state = 'completed'"), 1_100);
});

test("prune() removes history and relations with the jobs, and nothing of others", async () => {
  await using it = await SqliteFixture.make();
  const ids = await it.queue.enqueue([
    shellJob("a", { key: "a", maxAttempts: 2 }),
    shellJob("b", { maxAttempts: 2 }),
  ]);
  const [child = ""] = await it.queue.enqueue([
    shellJob("true", { after: ids.map((job) => ({ job, when: "any" })) }),
  ]);
  for (const id of ids) {
    const next = () => it.queue.lease({ leaseMs: 60_000, waitMs: 0, job: id });
    await (await next())?.retry({ delayMs: 0, failure: FAILURE });
    await (await next())?.ack();
  }
  await it.queue.cancel([child]);
  assertEquals(it.ask("SELECT count(*) FROM executions"), 2);
  assertEquals(await prune(it.context, { states: ["cancelled"] }), { removed: 1, needed: 0 });
  assertEquals([it.ask("SELECT count(*) FROM executions"), it.ask("SELECT count(*) FROM dependencies")], [
    2,
    0,
  ]);
  assertEquals(await prune(it.context, {}), { removed: 2, needed: 0 });
  assertEquals(it.ask("SELECT count(*) FROM executions"), 0);
});

test("prune() removes completed jobs last, when the children that go too are gone", async () => {
  await using it = await SqliteFixture.make();
  fill(it, { count: 3, state: "completed", from: 1 });
  fill(it, { count: 3, state: "failed", from: 1_000 });
  fill(it, { count: 3, state: "cancelled", from: 2_000 });
  const logs = new BatchLogs();
  await prune({ ...it.context, logs }, { states: ["completed", "cancelled", "failed"] });
  assertEquals(logs.batches.flat().slice(-3).map((id) => parseInt(id)), [1, 2, 3]);
});

test("the newest that prune() spares are those of all its states together", async () => {
  await using it = await SqliteFixture.make();
  fill(it, { count: 6, state: "completed", from: 1_000 });
  fill(it, { count: 6, state: "failed", from: 1_001 });
  fill(it, { count: 6, state: "cancelled", from: 5_000 });
  // By finish and then by number: failed 10 to 12 at 1002, completed 4 to 6 and failed 7 to 9 at 1001.
  const result = await prune(it.context, { states: ["failed", "completed"], keepNewest: 4 });
  assertEquals(result, { removed: 8, needed: 0 });
  assertEquals(it.ask("SELECT group_concat(seq) FROM jobs WHERE state <> 'cancelled'"), "9,10,11,12");
});

test("prune() keeps to both its limits", async () => {
  await using it = await SqliteFixture.make();
  fill(it, { count: 9, state: "completed", from: 1_000 });
  assertEquals((await prune(it.context, { finishedBefore: 1_001, keepNewest: 1, dryRun: true })).removed, 3);
  assertEquals(
    (await prune(it.context, { finishedBefore: 1_001.5, keepNewest: 8, dryRun: true })).removed,
    1,
  );
  assertEquals((await prune(it.context, { finishedBefore: 1_001.5, dryRun: true })).removed, 6);
  assertEquals((await prune(it.context, { keepNewest: Infinity, dryRun: true })).removed, 0);
});

test("prune() of no states removes nothing", async () => {
  await using it = await SqliteFixture.make();
  fill(it, { count: 2, state: "completed", from: 1 });
  assertEquals(await prune(it.context, { states: [], keepNewest: 1 }), { removed: 0, needed: 0 });
});

test("prune() leaves the jobs of another queue in the same file", async () => {
  await using it = await SqliteFixture.make();
  const other = await it.openOther();
  await other.cancel(await other.enqueue([shellJob(), shellJob()]));
  assertEquals(await prune(it.context, { keepNewest: 1 }), { removed: 0, needed: 0 });
  assertEquals(await prune(it.context, {}), { removed: 0, needed: 0 });
  assertEquals((await other.list()).length, 2);
});

test("prune() that is aborted ends after the batch", async () => {
  await using it = await SqliteFixture.make();
  fill(it, { count: 1_200, state: "completed", from: 1 });
  const controller = new AbortController();
  const logs = new BatchLogs(() => controller.abort(new TypeError("enough")));
  await assertRejects(prune({ ...it.context, logs }, { signal: controller.signal }), TypeError);
  assertEquals([logs.batches.length, it.ask("SELECT count(*) FROM jobs")], [1, 700]);
});

test("prune() removes what the jobs printed, and nothing that others did", async () => {
  await using it = await SqliteFixture.make();
  const ids = await it.queue.enqueue([shellJob(), shellJob()]);
  const { logs } = it.context;
  for (const id of ids) {
    const log = logs.open({ id, execution: 1 }, { maxBytes: 1_000 });
    await log.write(new TextEncoder().encode(id));
    await log.close();
    const lease = await it.queue.lease({ leaseMs: 60_000, waitMs: 0, job: id });
    await (id === ids[0] ? lease?.ack() : lease?.deadLetter(FAILURE));
  }
  await prune(it.context, {});
  const lengths = ids.map(async (id) => (await logs.read({ id, execution: 1 }, 0)).bytes.length);
  assertEquals(await Promise.all(lengths), [0, ids[1]?.length]);
});

test("prune() of 20,000 jobs that printed nothing lets the timers of its process have their turn", async () => {
  await using it = await SqliteFixture.make();
  fill(it, { count: 20_000, state: "cancelled", from: 1 });
  it.exec("UPDATE jobs SET executions = 0");
  const left: unknown[] = [];
  const timer = setInterval(() => left.push(it.ask("SELECT count(*) FROM jobs")), 0);
  try {
    assertEquals(await prune(it.context, {}), { removed: 20_000, needed: 0 });
  } finally {
    clearInterval(timer);
  }
  assert(new Set(left).size >= 5, `the timer ran at ${left.join(", ")} jobs`);
});
