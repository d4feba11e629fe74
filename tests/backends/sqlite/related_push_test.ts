import { JobRefusedError } from "../../../src/core/errors.ts";
import { assertEquals, assertExists, assertMatch, assertRejects } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import { SqliteFixture } from "../../support/sqlite_context.ts";
import { test } from "../../support/testing.ts";

const LEASE = { leaseMs: 60_000, waitMs: 0 } as const;

/** A unique job that is on the queue already. */
async function pushUnique({ queue }: SqliteFixture): Promise<string> {
  const [id = ""] = await queue.enqueue([shellJob("unique", { key: "u", ifExists: "skip" })]);
  return id;
}

test("a parent that is named by its id and by its key is waited for once", async () => {
  await using it = await SqliteFixture.make();
  const job = await pushUnique(it);
  const [, child = ""] = await it.queue.enqueue([
    shellJob("unique", { key: "u", ifExists: "skip" }),
    shellJob("child", { after: [{ job }, { key: "u" }] }),
  ]);
  assertEquals((await it.queue.get(child))?.parents.map(({ id }) => id), [job]);
  await assertExists(await it.queue.lease(LEASE)).ack();
  assertEquals((await it.queue.get(child))?.state, "pending");
});

test("a parent that is named by its id and by its key under two conditions is refused", async () => {
  await using it = await SqliteFixture.make();
  const job = await pushUnique(it);
  const push = it.queue.enqueue([
    shellJob("unique", { key: "u", ifExists: "skip" }),
    shellJob("child", { after: [{ job }, { key: "u", when: "any" }] }),
  ]);
  const error = await assertRejects(push, JobRefusedError);
  assertEquals(error.index, 1);
  assertMatch(error.message, /it is to run after "1-\w+" under two conditions/);
  assertEquals((await it.queue.list()).length, 1);
});
