import { Connection } from "../../../src/backends/sqlite/connection.ts";
import { SqliteQueue } from "../../../src/backends/sqlite/queue.ts";
import { FINISHED_STATES, type JobId, type NewJob } from "../../../src/core/job.ts";
import type { Lease, Queue } from "../../../src/core/queue.ts";
import { silentLogger } from "../../../src/log/logger.ts";
import { assert, assertEquals, assertExists } from "../../support/assert.ts";
import { FAILURE, shellJob, TIMED_OUT } from "../../support/jobs.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

/** Jobs of every state, so that the planner knows that there are many of each. */
const FILL = `
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
  INSERT INTO jobs (queue_id, suffix, spec, max_attempts, created_at, visible_at, state, finished_at, executions, waits)
  SELECT 1, 'a', '{}', 1, i, visible, state, finished, 1, state = 'blocked' FROM n, (
    SELECT 'pending' AS state, NULL AS visible, NULL AS finished UNION ALL SELECT 'pending', 1000, NULL
    UNION ALL SELECT 'running', 1000, NULL UNION ALL SELECT 'blocked', NULL, NULL UNION ALL SELECT 'completed', NULL, 6
    UNION ALL SELECT 'failed', NULL, 7 UNION ALL SELECT 'timeout', NULL, 7 UNION ALL SELECT 'cancelled', NULL, 7
  );
  INSERT INTO dependencies (child, position, parent, parent_suffix, condition)
    SELECT seq, 0, seq - 1, 'a', 'ok' FROM jobs WHERE state = 'blocked' ON CONFLICT DO NOTHING;
  INSERT INTO executions (job, number, started_at, ended_at, outcome) SELECT seq, 99, 1, 2, 'lost' FROM jobs;
  ANALYZE;`;

/** Calls everything that changes a job, or looks at some. */
async function useAll(queue: Queue, clock: ManualClock): Promise<void> {
  const push = async (...jobs: readonly NewJob[]) =>
    await queue.enqueue(jobs) as readonly [JobId, ...JobId[]];
  const next = async (leaseMs = 60_000) =>
    assertExists(await queue.lease({ leaseMs, waitMs: 0, workerId: "w" }));
  const family = (when?: "ok" | "any" | "failed") =>
    push(
      shellJob("parent", { key: "p", maxAttempts: 3 }),
      shellJob("child", { key: "c", after: [{ key: "p", when }] }),
      shellJob("grandchild", { after: [{ key: "c" }] }),
    );
  await using presence = await queue.workers.register({ id: "w", host: "h", pid: 1, slots: 1 });
  await presence.report();
  await queue.workers.stop("w", "drain");
  await queue.workers.list();

  const [stays] = await push(shellJob("stays"));
  await (await next()).ack();
  for (const settle of SETTLEMENTS) {
    const [id] = await family();
    const lease = await next();
    await lease.renew(60_000);
    await queue.get(id);
    await settle(lease);
    await queue.cancel([id]);
    await queue.requeue([id]);
    await queue.cancel([id]);
    await queue.requeue({ states: ["failed", "timeout", "cancelled"] });
    await queue.purge();
  }

  await family("any");
  await (await next(1_000)).retry({ delayMs: 1_000, failure: FAILURE });
  await clock.advance(1_000);
  await next(1_000);
  await clock.advance(1_000);
  const [parent, child = ""] = await push(shellJob("last", { priority: 9 }), shellJob("one more"));
  await push(shellJob("late", { after: [{ job: parent }], delayMs: 5 }));
  await queue.cancel([(await next()).job.id]);
  await clock.advance(2_000);
  await clock.jump(-3_600_000);
  await queue.lease({ leaseMs: 1, waitMs: 0, job: child });

  for (const ifExists of ["skip", "replace"] as const) await push(shellJob("unique", { key: "u", ifExists }));
  await queue.wait([stays]);
  await queue.wait("all", { timeoutMs: 0 });
  await Promise.all([
    queue.peek(5),
    queue.counts(),
    queue.stats(),
    queue.position(child),
    queue.list({ states: ["failed"] }),
  ]);
  await queue.findIds("1", { limit: 5 });
  await queue.deadLetters.list();
  await queue.deadLetters.requeue("all");
  await queue.deadLetters.purge("all");
  await queue.prune({ states: FINISHED_STATES, keepNewest: 1, dryRun: true });
  await queue.prune({ states: FINISHED_STATES, keepNewest: 1 });
}

const SETTLEMENTS: readonly ((lease: Lease) => Promise<void>)[] = [
  (lease) => lease.ack({ score: 1 }),
  (lease) => lease.release(),
  (lease) => lease.retry({ delayMs: 0, failure: FAILURE }),
  (lease) => lease.deadLetter(FAILURE),
  (lease) => lease.deadLetter(TIMED_OUT),
  (lease) => lease.cancel(),
];

test("no statement walks through all jobs, edges or executions", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  const clock = new ManualClock();
  await (await openAt(path))[Symbol.asyncDispose]();
  const connection = await Connection.open({ path, durability: "normal", clock, log: silentLogger });
  const statements = new Set<string>();
  const prepare = connection.prepare.bind(connection);
  connection.prepare = (sql) => {
    statements.add(sql);
    return prepare(sql);
  };
  await using queue = new SqliteQueue({ connection, queueId: 1, clock, name: "q" });
  await useAll(queue, clock);

  const walks = () =>
    [...statements].filter((sql) => {
      const steps = connection.database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
      return steps.some(({ detail }) => /^SCAN (?!wanted|json_each|CONSTANT ROW)/.test(String(detail)));
    });
  assertEquals(walks(), []);
  connection.database.exec(FILL);
  assertEquals(walks(), []);
  // So many show that the scenario called for nearly all that there are.
  assert(statements.size > 60, `only ${statements.size} statements`);
});
