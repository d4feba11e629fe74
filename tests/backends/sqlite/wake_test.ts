import { assertBetween, assertEquals, assertExists } from "../../support/assert.ts";
import { Child } from "../../support/child.ts";
import { openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

test("a waiting lease() is woken by the push of another process", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await using queue = await openAt(path);
  const waiting = queue.lease({ leaseMs: 60_000, waitMs: 60_000 }).then((lease) => ({
    lease,
    at: Date.now(),
  }));
  await using pusher = new Child("pusher.ts", [path, "1", "there"]);
  const id = await pusher.line();
  const pushedAt = Date.now();
  const { lease, at } = await waiting;
  await using held = assertExists(lease);
  assertEquals(held.job.id, id);
  // By the time of the first look that needs no watch it would be a second, later ones are 5 s apart.
  assertBetween(at - pushedAt, -1_000, 1_000);
});

test("a waiting process gets the jobs that another one pushes one by one, in their order", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await using queue = await openAt(path);
  await using pusher = new Child("pusher.ts", [path, "20", "there"]);
  const ids: string[] = [];
  while (ids.length < 20) {
    await using lease = assertExists(await queue.lease({ leaseMs: 60_000, waitMs: 20_000 }));
    ids.push(lease.job.id);
    await lease.ack();
  }
  assertEquals(ids, await pusher.finish());
});
