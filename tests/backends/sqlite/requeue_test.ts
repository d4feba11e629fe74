import { DatabaseSync } from "node:sqlite";
import type { NewJob } from "../../../src/core/job.ts";
import type { Queue } from "../../../src/core/queue.ts";
import { assertEquals, assertExists } from "../../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../../support/jobs.ts";
import { execAt, openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

/** More than two transactions of a requeue take. */
const MANY = 2_500;

async function withQueue(fn: (queue: Queue, path: string) => Promise<void>): Promise<void> {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await using queue = await openAt(path, { durability: "normal" });
  await fn(queue, path);
}

/** `0`, and jobs each of which waits for the one before; the last comes first in the push. */
function chain(length: number): readonly NewJob[] {
  return Array.from(
    { length },
    (_, i) => shellJob(`${i}`, { key: `${i}`, after: i === 0 ? [] : [{ key: `${i - 1}` }] }),
  ).toReversed();
}

/** Fails unless every job waits for as many parents as did not come to what it waits for, and only blocked ones wait. */
function assertWaitsAreTrue(path: string): void {
  const database = new DatabaseSync(path);
  const wrong = database.prepare(`
    SELECT seq, state, waits FROM jobs WHERE
      waits <> (SELECT count(*) FROM dependencies WHERE child = seq AND satisfied = 0)
      OR (state = 'blocked') <> (waits > 0 AND finished_at IS NULL)`).all();
  database.close();
  assertEquals(wrong, []);
}

/** Leases and completes what there is; answers the commands in the order in which they ran. */
async function runAll(queue: Queue): Promise<readonly string[]> {
  const commands: string[] = [];
  for (;;) {
    const lease = await queue.lease({ leaseMs: 60_000, waitMs: 0 });
    if (lease === undefined) return commands;
    commands.push(commandOf(lease.job));
    await lease.ack();
  }
}

async function failNext(queue: Queue): Promise<void> {
  await assertExists(await queue.lease({ leaseMs: 60_000, waitMs: 0 })).deadLetter(FAILURE);
}

test("requeue() by state brings back thousands of failed jobs", async () => {
  await withQueue(async (queue, path) => {
    await queue.enqueue(Array.from({ length: MANY }, () => shellJob()));
    execAt(path, "UPDATE jobs SET state = 'failed', started_at = 1, finished_at = 2, executions = 1");
    const result = await queue.requeue({ states: ["failed"] });
    assertEquals(result, { requeued: MANY, children: 0, refused: [] });
    assertEquals((await queue.counts()).ready, MANY);
  });
});

test("requeue() by state brings back a cancelled chain of thousands, though its end is looked at first", async () => {
  await withQueue(async (queue, path) => {
    const ids = await queue.enqueue(chain(MANY));
    await queue.cancel(ids.slice(-1));
    assertEquals((await queue.counts()).cancelled, MANY);
    const result = await queue.requeue({ states: ["cancelled"] });
    assertEquals(result, { requeued: MANY, children: 0, refused: [] });
    const { ready, blocked } = await queue.counts();
    assertEquals([ready, blocked], [1, MANY - 1]);
    assertWaitsAreTrue(path);
  });
});

test("requeue() by states brings back the failed parent of a cancelled chain, in whatever order they are named", async () => {
  for (const states of [["cancelled", "failed"], ["failed", "cancelled"]] as const) {
    await withQueue(async (queue, path) => {
      await queue.enqueue(chain(MANY));
      await failNext(queue);
      const result = await queue.requeue({ states });
      assertEquals(result, { requeued: MANY, children: 0, refused: [] });
      assertWaitsAreTrue(path);
    });
  }
});

test("requeue() of a failed job brings back a chain of thousands, which then runs in its order", async () => {
  await withQueue(async (queue, path) => {
    const ids = await queue.enqueue(chain(1_200));
    await failNext(queue);
    const result = await queue.requeue(ids.slice(-1));
    assertEquals(result, { requeued: 1, children: 1_199, refused: [] });
    assertWaitsAreTrue(path);
    assertEquals(await runAll(queue), Array.from({ length: 1_200 }, (_, i) => `${i}`));
  });
});

test("requeue() by state refuses what waits for a job in another state, and says so once", async () => {
  await withQueue(async (queue, path) => {
    const ids = await queue.enqueue(chain(MANY));
    const root = ids.at(-1);
    await failNext(queue);
    const { requeued, children, refused } = await queue.requeue({ states: ["cancelled"] });
    assertEquals([requeued, children, refused.length], [0, 0, MANY - 1]);
    const first = refused.find(({ id }) => id === ids.at(-2));
    assertEquals(first?.reason, `its parent ${root} failed; requeue that`);
    assertEquals((await queue.counts()).cancelled, MANY - 1);
    assertWaitsAreTrue(path);
  });
});

test("requeue() of jobs that were cancelled one by one, the last of a chain first, brings all back", async () => {
  await withQueue(async (queue, path) => {
    const ids = await queue.enqueue(chain(MANY));
    for (const id of ids) await queue.cancel([id]);
    const result = await queue.requeue(ids);
    assertEquals(result, { requeued: MANY, children: 0, refused: [] });
    assertWaitsAreTrue(path);
  });
});

test("a job with thousands of failed parents comes back with the last of them", async () => {
  await withQueue(async (queue, path) => {
    const keys = Array.from({ length: 1_200 }, (_, i) => `p${i}`);
    await queue.enqueue([
      ...keys.map((key) => shellJob("parent", { key })),
      shellJob("child", { after: keys.map((key) => ({ key })) }),
    ]);
    for (const _ of keys) await failNext(queue);
    const result = await queue.requeue({ states: ["failed"] });
    assertEquals(result, { requeued: keys.length, children: 1, refused: [] });
    assertWaitsAreTrue(path);
    assertEquals((await runAll(queue)).at(-1), "child");
  });
});

test("a job that ran after its parent failed does not run again when that completed since", async () => {
  await withQueue(async (queue, path) => {
    const [parent, child = ""] = await queue.enqueue([
      shellJob("parent", { key: "p" }),
      shellJob("cleanup", { after: [{ key: "p", when: "failed" }] }),
    ]);
    await failNext(queue);
    await failNext(queue);
    await queue.requeue([parent ?? ""]);
    assertEquals(await runAll(queue), ["parent"]);
    const { requeued, refused } = await queue.requeue([child]);
    assertEquals([requeued, refused], [0, [{
      id: child,
      reason: `its parent ${parent} completed, and this job was to run only if that failed`,
    }]]);
    assertWaitsAreTrue(path);
  });
});

test("a child that stays cancelled because of another parent says which", async () => {
  await withQueue(async (queue) => {
    const [first = "", second = "", child = ""] = await queue.enqueue([
      shellJob("first", { key: "first" }),
      shellJob("second", { key: "second" }),
      shellJob("child", { after: [{ key: "first" }, { key: "second" }] }),
    ]);
    await queue.cancel([first]);
    await (await queue.lease({ leaseMs: 60_000, waitMs: 0 }))?.deadLetter(FAILURE);
    assertEquals((await queue.get(child))?.failure?.message, `its parent ${first} was cancelled`);
    await queue.requeue([first]);
    const { state, failure } = assertExists(await queue.get(child));
    assertEquals([state, failure?.message], ["cancelled", `its parent ${second} failed`]);
  });
});
