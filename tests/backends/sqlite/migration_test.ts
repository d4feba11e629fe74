import { DatabaseSync } from "node:sqlite";
import { migrate, MIGRATIONS } from "../../../src/backends/sqlite/schema.ts";
import type { Queue } from "../../../src/core/queue.ts";
import { assertEquals, assertExists } from "../../support/assert.ts";
import { commandOf } from "../../support/jobs.ts";
import { openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

const HOUR_MS = 3_600_000;

/** A file of version 1 with a job in each of its states, as that version wrote them. */
async function withOldFile(fn: (queue: Queue) => Promise<void>): Promise<void> {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  const database = new DatabaseSync(path);
  migrate(database, MIGRATIONS.slice(0, 1));
  database.exec("INSERT INTO queues (name) VALUES ('default')");
  const insert = database.prepare(`
    INSERT INTO jobs (queue_id, suffix, state, name, spec, max_attempts, attempts, lost_leases, created_at,
      visible_at, started_at, finished_at, lease_token, worker_id, failure, result)
    VALUES (1, 'aaaaaa', ?, ?, ?, 3, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const now = Date.now();
  const add = (name: string, { state = "pending", attempts = 0, lost = 0, ...row }: OldRow) => {
    const spec = JSON.stringify({ task: { kind: "shell", command: `echo ${name}` } });
    const { visible = null, started = null, finished = null, token = null, failure = null } = row;
    const worker = started === null ? null : "w1";
    const result = state === "completed" ? "42" : null;
    const created = now - 2 * HOUR_MS;
    insert.run(
      state,
      name,
      spec,
      attempts,
      lost,
      created,
      visible,
      started,
      finished,
      token,
      worker,
      failure,
      result,
    );
  };
  const failure = (kind: string) =>
    JSON.stringify({ kind, message: "it failed", output: "last words", at: now });
  add("waiting", { visible: now - HOUR_MS });
  add("delayed", { visible: now + HOUR_MS });
  add("retried", { visible: now - HOUR_MS, attempts: 1, started: now - HOUR_MS, failure: failure("failed") });
  add("running", { state: "running", visible: now + HOUR_MS, started: now, token: "t" });
  add("completed", { state: "completed", attempts: 1, lost: 1, started: now - HOUR_MS, finished: now });
  add("failed", {
    state: "failed",
    attempts: 3,
    started: now - HOUR_MS,
    finished: now,
    failure: failure("failed"),
  });
  add("slow", {
    state: "failed",
    attempts: 3,
    started: now - HOUR_MS,
    finished: now,
    failure: failure("timed-out"),
  });
  add("spoilt", { state: "failed", attempts: 3, started: now - HOUR_MS, finished: now, failure: "{" });
  database.close();
  await using queue = await openAt(path);
  await fn(queue);
}

interface OldRow {
  readonly state?: string;
  readonly attempts?: number;
  readonly lost?: number;
  readonly visible?: number;
  readonly started?: number;
  readonly finished?: number;
  readonly token?: string;
  readonly failure?: string;
}

test("an old file keeps its jobs in their states", async () => {
  await withOldFile(async (queue) => {
    const { ready, delayed, running, completed, failed, timeout, blocked, cancelled } = await queue.counts();
    assertEquals([ready, delayed, running, completed, failed], [2, 1, 1, 1, 2]);
    assertEquals([timeout, blocked, cancelled], [1, 0, 0]);
  });
});

test("the waiting jobs of an old file are leased in the order in which they were pushed", async () => {
  await withOldFile(async (queue) => {
    const names: string[] = [];
    for (let i = 0; i < 2; i++) {
      const lease = assertExists(await queue.lease({ leaseMs: 60_000, waitMs: 0 }));
      names.push(commandOf(lease.job));
      await lease.ack();
    }
    assertEquals(names, ["echo waiting", "echo retried"]);
    assertEquals(await queue.lease({ leaseMs: 60_000, waitMs: 0 }), undefined);
  });
});

test("the records of an old file can be read, with the execution that is known", async () => {
  await withOldFile(async (queue) => {
    const { state, result, executions, workerId, history } = assertExists(await queue.get("5-aaaaaa"));
    assertEquals([state, result, executions, workerId], ["completed", 42, 2, "w1"]);
    assertEquals(history.map(({ number, outcome }) => [number, outcome]), [[2, "completed"]]);
    assertEquals((await queue.get("7-aaaaaa"))?.history[0]?.output, "last words");
    assertEquals((await queue.get("8-aaaaaa"))?.state, "failed");
  });
});

test("the dead letters of an old file can be requeued", async () => {
  await withOldFile(async (queue) => {
    assertEquals(await queue.deadLetters.requeue("all"), 3);
    assertEquals((await queue.counts()).ready, 5);
  });
});
