import { readCounts, readStats } from "../../../src/backends/sqlite/stats.ts";
import { assertEquals } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { execAt } from "../../support/sqlite.ts";
import { SqliteFixture } from "../../support/sqlite_context.ts";
import { test } from "../../support/testing.ts";

/** Completed jobs: `count` of them, each `durationMs` long, the first of which finished at `from`. */
function fill(
  it: SqliteFixture,
  { count, durationMs, from }: Record<"count" | "durationMs" | "from", number>,
) {
  it.exec(`
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count})
    INSERT INTO jobs (queue_id, suffix, spec, max_attempts, state, created_at, started_at, ended_at, finished_at)
    SELECT 1, 'a', '{}', 1, 'completed', 1, ${from} + i - ${durationMs}, ${from} + i, ${from} + i FROM n`);
}

test("a delay that has passed counts as ready before anybody ends it", async () => {
  const clock = new ManualClock();
  await using it = await SqliteFixture.make({ clock });
  await it.queue.enqueue([
    shellJob(),
    shellJob("true", { delayMs: 1_000 }),
    shellJob("true", { delayMs: 9_000 }),
  ]);
  const ready = async () => {
    const { ready, delayed } = await readCounts(it.context);
    return [ready, delayed];
  };
  assertEquals(await ready(), [1, 2]);
  await clock.advance(1_000);
  assertEquals(await ready(), [2, 1]);
});

test("a job whose lease has ended counts as running until somebody notices", async () => {
  const clock = new ManualClock();
  await using it = await SqliteFixture.make({ clock });
  await it.queue.enqueue([shellJob()]);
  await it.queue.lease({ leaseMs: 1_000, waitMs: 0 });
  await clock.advance(2_000);
  const { running, ready } = await readCounts(it.context);
  assertEquals([running, ready], [1, 0]);
});

test("jobs of another queue in the same file are not counted", async () => {
  await using it = await SqliteFixture.make();
  const other = await it.openOther();
  const [parent = ""] = await other.enqueue([shellJob(), shellJob("true", { delayMs: 9_000 }), shellJob()]);
  await other.enqueue([shellJob("true", { after: [{ job: parent }] })]);
  await (await other.lease({ leaseMs: 9_000, waitMs: 0, job: parent }))?.ack();
  await using _held = await other.lease({ leaseMs: 9_000, waitMs: 0 });
  const { total, lastHour, duration, oldestPendingAt } = await readStats(it.context);
  assertEquals([total, lastHour.completed, duration, oldestPendingAt], [0, 0, undefined, undefined]);
});

test("durations are those of the last 10,000 completed jobs", async () => {
  await using it = await SqliteFixture.make();
  fill(it, { count: 5_000, durationMs: 60_000, from: 1_000_000 });
  fill(it, { count: 8_000, durationMs: 100, from: 2_000_000 });
  // The older ones are a fifth of the sample now, not more than a third.
  assertEquals((await readStats(it.context)).duration, { medianMs: 100, p95Ms: 60_000, jobs: 10_000 });
  fill(it, { count: 1_600, durationMs: 200, from: 3_000_000 });
  assertEquals((await readStats(it.context)).duration, { medianMs: 100, p95Ms: 200, jobs: 10_000 });
});

test("a job that seems to have ended before it began took no time", async () => {
  await using it = await SqliteFixture.make();
  fill(it, { count: 3, durationMs: -500, from: 1_000_000 });
  assertEquals((await readStats(it.context)).duration, { medianMs: 0, p95Ms: 0, jobs: 3 });
});

test("the oldest pending job may be a delayed one", async () => {
  const clock = new ManualClock();
  await using it = await SqliteFixture.make({ clock });
  const firstAt = clock.now();
  const [delayed = ""] = await it.queue.enqueue([shellJob("true", { delayMs: 60_000 })]);
  await clock.advance(10);
  await it.queue.enqueue([shellJob()]);
  assertEquals((await readStats(it.context)).oldestPendingAt, firstAt);
  await it.queue.cancel([delayed]);
  assertEquals((await readStats(it.context)).oldestPendingAt, firstAt + 10);
});

test("the oldest pending job is the first that was pushed, whatever its priority", async () => {
  const clock = new ManualClock();
  await using it = await SqliteFixture.make({ clock });
  const firstAt = clock.now();
  for (const priority of [0, 9, -9]) {
    await it.queue.enqueue([shellJob("true", { priority })]);
    await clock.advance(10);
  }
  assertEquals((await readStats(it.context)).oldestPendingAt, firstAt);
});

test("counts are of one moment, though others change the file meanwhile", async () => {
  await using it = await SqliteFixture.make();
  const ids = await it.queue.enqueue(Array.from({ length: 50 }, () => shellJob()));
  const { connection } = it.context;
  // Before each of its statements another process ends a job.
  const prepare = connection.prepare.bind(connection);
  connection.prepare = (sql) => {
    execAt(
      it.path,
      `UPDATE jobs SET state = 'completed', finished_at = 5
       WHERE seq = (SELECT min(seq) FROM jobs WHERE state = 'pending')`,
    );
    return prepare(sql);
  };
  const { ready, completed } = await readCounts(it.context);
  assertEquals(ready + completed, ids.length);
});
