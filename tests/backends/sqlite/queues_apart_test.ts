import { JobRefusedError, UsageError } from "../../../src/core/errors.ts";
import { FINISHED_STATES, JOB_STATES, type JobId } from "../../../src/core/job.ts";
import type { JobRecord } from "../../../src/core/job_store.ts";
import type { Queue } from "../../../src/core/queue.ts";
import { assertEquals, assertExists, assertRejects } from "../../support/assert.ts";
import { commandOf, FAILURE, shellJob, TIMED_OUT } from "../../support/jobs.ts";
import { SqliteFixture } from "../../support/sqlite_context.ts";
import { test } from "../../support/testing.ts";

const LEASE = { leaseMs: 60_000, waitMs: 0 } as const;

/** Our queue, and another one of the same file with a job in each state. */
class TwoQueues implements AsyncDisposable {
  readonly ours: Queue;
  readonly theirs: Queue;
  readonly ids: readonly JobId[];
  readonly #fixture: SqliteFixture;
  readonly #before: readonly JobRecord[];

  private constructor(
    fixture: SqliteFixture,
    theirs: Queue,
    jobs: { ids: readonly JobId[]; before: readonly JobRecord[] },
  ) {
    this.#fixture = fixture;
    this.ours = fixture.queue;
    this.theirs = theirs;
    this.ids = jobs.ids;
    this.#before = jobs.before;
  }

  static async make(): Promise<TwoQueues> {
    const fixture = await SqliteFixture.make();
    const theirs = await fixture.openOther();
    const ids = await theirs.enqueue(
      ["completed", "failed", "timeout", "running"].map((command) => shellJob(command, { key: command })),
    );
    await assertExists(await theirs.lease(LEASE)).ack();
    await assertExists(await theirs.lease(LEASE)).deadLetter(FAILURE);
    await assertExists(await theirs.lease(LEASE)).deadLetter(TIMED_OUT);
    await theirs.lease({ ...LEASE, workerId: "w" });
    const waiting = await theirs.enqueue([
      shellJob("pending", { key: "pending", ifExists: "error" }),
      shellJob("cancelled"),
      shellJob("delayed", { delayMs: 60_000 }),
      shellJob("blocked", { after: [{ key: "pending" }] }),
    ]);
    await theirs.cancel(waiting.slice(1, 2));
    const before = await theirs.list();
    return new TwoQueues(fixture, theirs, { ids: [...ids, ...waiting], before });
  }

  /** Fails when one of their jobs has changed. */
  async assertTheirsAreAsBefore(): Promise<void> {
    assertEquals(await this.theirs.list(), this.#before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fixture[Symbol.asyncDispose]();
  }
}

test("jobs of another queue in the same file are in no list, in whatever way they are looked for", async () => {
  await using two = await TwoQueues.make();
  const { ours, ids } = two;
  assertEquals(await ours.list(), []);
  for (const state of JOB_STATES) assertEquals(await ours.list({ states: [state] }), []);
  assertEquals(await ours.list({ states: JOB_STATES, sort: "finished" }), []);
  for (const id of ids) {
    assertEquals([await ours.get(id), await ours.position(id)], [undefined, undefined]);
    for (const text of [id, id.slice(0, 2), id.slice(0, 1)]) {
      assertEquals(await ours.findIds(text, { limit: 9 }), []);
    }
  }
  assertEquals([await ours.peek(9), await ours.deadLetters.list()], [[], []]);
});

test("jobs of another queue in the same file are not counted", async () => {
  await using two = await TwoQueues.make();
  const { total, lastHour, duration, oldestPendingAt, etaMs } = await two.ours.stats();
  assertEquals([total, lastHour, duration, oldestPendingAt, etaMs], [
    0,
    { completed: 0, failed: 0 },
    undefined,
    undefined,
    undefined,
  ]);
  await two.ours.enqueue([shellJob()]);
  assertEquals((await two.ours.counts()).ready, 1);
});

test("a job of another queue in the same file cannot be leased, not even by its id", async () => {
  await using two = await TwoQueues.make();
  for (const job of [undefined, ...two.ids]) assertEquals(await two.ours.lease({ ...LEASE, job }), undefined);
  await two.assertTheirsAreAsBefore();
});

test("jobs of another queue in the same file cannot be cancelled or requeued", async () => {
  await using two = await TwoQueues.make();
  const { ours, ids } = two;
  const unknown = ids.map((id) => ({ id, reason: "is not a job of this queue" }));
  assertEquals(await ours.cancel(ids), { cancelled: [], stopping: [], children: 0, refused: unknown });
  assertEquals(await ours.requeue(ids), { requeued: 0, children: 0, refused: unknown });
  assertEquals(await ours.requeue({ states: ["failed", "timeout", "cancelled"] }), {
    requeued: 0,
    children: 0,
    refused: [],
  });
  assertEquals([await ours.deadLetters.requeue("all"), await ours.deadLetters.requeue(ids)], [0, 0]);
  await two.assertTheirsAreAsBefore();
});

test("jobs of another queue in the same file cannot be removed", async () => {
  await using two = await TwoQueues.make();
  const { ours, ids } = two;
  for (const options of [{}, { keepNewest: 0 }, { dryRun: true }]) {
    assertEquals(await ours.prune({ states: FINISHED_STATES, ...options }), { removed: 0, needed: 0 });
  }
  assertEquals([await ours.purge(), await ours.deadLetters.purge("all"), await ours.deadLetters.purge(ids)], [
    0,
    0,
    0,
  ]);
  await two.assertTheirsAreAsBefore();
});

test("nobody waits for jobs of another queue in the same file", async () => {
  await using two = await TwoQueues.make();
  const { reason, unfinished, jobs } = await two.ours.wait("all");
  assertEquals([reason, unfinished, jobs], ["finished", 0, []]);
  for (const id of two.ids) await assertRejects(two.ours.wait([id]), UsageError);
});

test("a job cannot run after one of another queue in the same file", async () => {
  await using two = await TwoQueues.make();
  for (const job of two.ids) {
    const push = two.ours.enqueue([shellJob(), shellJob("child", { after: [{ job, when: "any" }] })]);
    assertEquals((await assertRejects(push, JobRefusedError)).index, 1);
  }
  assertEquals(await two.ours.list(), []);
});

test("each queue of a file has its own keys", async () => {
  await using two = await TwoQueues.make();
  await two.ours.enqueue([shellJob("ours", { key: "pending", ifExists: "error" })]);
  await two.ours.enqueue([shellJob("ours, too", { key: "pending", ifExists: "replace" })]);
  assertEquals((await two.ours.peek(9)).map(commandOf), ["ours, too"]);
  await two.assertTheirsAreAsBefore();
});

test("each queue of a file has its own workers", async () => {
  await using two = await TwoQueues.make();
  const self = { id: "w", host: "h", pid: 1, slots: 1 };
  await using _theirs = await two.theirs.workers.register(self);
  assertEquals([await two.ours.workers.list(), await two.ours.workers.stop("w", "now")], [[], false]);
  await using _ours = await two.ours.workers.register(self);
  const jobsOf = async (queue: Queue) => (await queue.workers.list()).map(({ jobs }) => jobs.length);
  assertEquals([await jobsOf(two.ours), await jobsOf(two.theirs)], [[0], [1]]);
});
