import { assertEquals, assertExists } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import { SqliteFixture } from "../../support/sqlite_context.ts";
import { test } from "../../support/testing.ts";

const LEASE = { leaseMs: 60_000, waitMs: 0 } as const;

test("clearing the queue removes what the jobs printed that were given back, and nothing that others did", async () => {
  await using it = await SqliteFixture.make();
  const { queue, context: { logs } } = it;
  const ids = await queue.enqueue([shellJob(), shellJob()]);
  for (const id of ids) {
    const log = logs.open({ id, execution: 1 }, { maxBytes: 1_000 });
    await log.write(new TextEncoder().encode(id));
    await log.close();
  }
  const [back, held] = [await queue.lease(LEASE), await queue.lease(LEASE)];
  await back?.release();
  assertEquals(await queue.purge(), 1);
  const printed = async (id = "") =>
    new TextDecoder().decode((await logs.read({ id, execution: 1 }, 0)).bytes);
  assertEquals([await printed(ids[0]), await printed(ids[1])], ["", held?.job.id ?? ""]);
});

test("clearing the queue removes waiting jobs with their history and relations, and a running parent completes", async () => {
  await using it = await SqliteFixture.make();
  const { queue } = it;
  const [parent = ""] = await queue.enqueue([
    shellJob("parent", { key: "p" }),
    shellJob("child", { key: "c", after: [{ key: "p" }] }),
    shellJob("grandchild", { after: [{ key: "c", when: "any" }] }),
    shellJob("delayed", { delayMs: 60_000 }),
    shellJob("given back"),
  ]);
  const lease = assertExists(await queue.lease(LEASE));
  for (let i = 0; i < 2; i++) await (await queue.lease(LEASE))?.release();
  assertEquals(it.ask("SELECT count(*) FROM executions"), 1);
  assertEquals(await queue.purge(), 4);
  assertEquals(it.ask("SELECT count(*) FROM executions"), 0);
  assertEquals(it.ask("SELECT count(*) FROM dependencies"), 0);
  await lease.ack();
  assertEquals((await queue.list()).map(({ id, state }) => [id, state]), [[parent, "completed"]]);
});
