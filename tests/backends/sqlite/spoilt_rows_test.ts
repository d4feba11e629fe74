import type { JobId } from "../../../src/core/job.ts";
import { assertEquals, assertExists } from "../../support/assert.ts";
import { FAILURE, shellJob } from "../../support/jobs.ts";
import { SqliteFixture } from "../../support/sqlite_context.ts";
import { test } from "../../support/testing.ts";

const LEASE = { leaseMs: 60_000, waitMs: 0 } as const;

const GARBAGE = [
  "",
  "{oops",
  "null",
  "7",
  '"text"',
  "[]",
  "{}",
  '{"message":"m","exitCode":"seven","at":null}',
  "\u{1F4A3}\u0007",
];

/** The columns that hold what jobq has written as a text of its own. */
const COLUMNS = [
  "jobs.spec",
  "jobs.failure",
  "jobs.result",
  "jobs.outcome",
  "jobs.output",
  "jobs.warning",
  "jobs.worker_id",
  "executions.outcome",
  "executions.failure",
  "executions.output",
  "executions.warning",
] as const;

/** A completed job, one that failed, one that runs and one that waits; all but the last were tried once before. */
async function pushAll({ queue }: SqliteFixture): Promise<readonly JobId[]> {
  const ids = await queue.enqueue([1, 2, 3].map((i) => shellJob(`${i}`, { maxAttempts: 3 })));
  for (const job of ids) {
    await assertExists(await queue.lease({ ...LEASE, job })).retry({ delayMs: 0, failure: FAILURE });
  }
  const leases = await Promise.all(
    ids.map(async (job) => assertExists(await queue.lease({ ...LEASE, job }))),
  );
  await leases[0]?.ack({ score: 1 }, { output: "out", warning: "w" });
  await leases[1]?.deadLetter(FAILURE);
  return [...ids, ...await queue.enqueue([shellJob("4", { after: [{ job: ids[2] ?? "" }] })])];
}

for (const column of COLUMNS) {
  test(`whatever somebody has written to ${column}, all jobs can be looked at`, async () => {
    await using it = await SqliteFixture.make();
    const { queue } = it;
    const ids = await pushAll(it);
    const [table, name] = column.split(".");
    for (const garbage of GARBAGE) {
      it.exec(`UPDATE ${table} SET ${name} = '${garbage}'`);
      assertEquals((await queue.list()).map(({ id }) => id), ids.toReversed());
      assertEquals((await queue.list({ sort: "updated", states: ["failed"] })).length, 1);
      for (const [index, id] of ids.entries()) {
        const { state, history } = assertExists(await queue.get(id));
        assertEquals(state, (["completed", "failed", "running", "blocked"] as const)[index]);
        assertEquals(history.map(({ number }) => number), state === "blocked" ? [] : [1, 2]);
      }
      assertEquals((await queue.wait(ids, { any: true })).jobs.length, 4);
      assertEquals((await queue.deadLetters.list()).map(({ job }) => job.id), ids.slice(1, 2));
      assertEquals((await queue.stats()).total, 4);
    }
  });
}

test("a child is given no result of a parent whose result cannot be decoded", async () => {
  await using it = await SqliteFixture.make();
  const [parent = ""] = await it.queue.enqueue([
    shellJob("parent", { key: "p" }),
    shellJob("child", { after: [{ key: "p" }] }),
  ]);
  await assertExists(await it.queue.lease(LEASE)).ack({ score: 1 });
  it.exec("UPDATE jobs SET result = '{oops' WHERE state = 'completed'");
  await using lease = assertExists(await it.queue.lease(LEASE));
  assertEquals(await lease.parentResults(), { [parent]: null });
});

for (const letters of ["", "../../x", "ABC", "a b", "a'; DROP TABLE jobs; --"]) {
  test(`a job with the letters "${letters}" in its id is dead-lettered as poison and stops nobody`, async () => {
    await using it = await SqliteFixture.make();
    const [, innocent] = await it.queue.enqueue([shellJob(), shellJob()]);
    it.context.connection.prepare("UPDATE jobs SET suffix = ? WHERE seq = 1").run(letters);
    await using lease = assertExists(await it.queue.lease(LEASE));
    assertEquals(lease.job.id, innocent);
    const [letter] = await it.queue.deadLetters.list();
    assertEquals([letter?.job.id, letter?.failure.kind], [`1-${letters}`, "poison"]);
    assertEquals(await it.queue.deadLetters.purge("all"), 1);
  });
}
