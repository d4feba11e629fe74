import { oneJobQueue } from "../../src/cli/one_job_queue.ts";
import { assertEquals } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { openAt } from "../support/sqlite.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";

test("oneJobQueue() leases that job and no other", async () => {
  await using directory = await TempDir.make();
  await using queue = await openAt(directory.join("jobs.db"));
  const [, second = ""] = await queue.enqueue([shellJob("a"), shellJob("b")]);
  const one = oneJobQueue(queue, second);
  assertEquals((await one.lease({ leaseMs: 60_000, waitMs: 0 }))?.job.id, second);
  assertEquals(await one.lease({ leaseMs: 60_000, waitMs: 0 }), undefined);
});

test("oneJobQueue() registers a worker that takes no other jobs", async () => {
  await using directory = await TempDir.make();
  await using queue = await openAt(directory.join("jobs.db"));
  await using _ = await oneJobQueue(queue, "1-a").workers.register({ id: "w", host: "h", pid: 1, slots: 1 });
  assertEquals((await queue.workers.list()).map(({ id, slots }) => [id, slots]), [["w", 0]]);
});

test("oneJobQueue() is the queue in everything else", async () => {
  await using directory = await TempDir.make();
  await using queue = await openAt(directory.join("jobs.db"));
  const one = oneJobQueue(queue, "1-a");
  await one.enqueue([shellJob("a")]);
  assertEquals([one.name, (await one.counts()).ready, one.logs], [queue.name, 1, queue.logs]);
});
