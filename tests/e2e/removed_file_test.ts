import { openQueue } from "../../src/mod.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { WorkerProcess } from "../support/worker_process.ts";

test("a waiting worker whose file is removed and made anew says so and leaves with 5", async () => {
  await using dir = await TempDir.make();
  const path = dir.join("q.db");
  await using worker = new WorkerProcess(path, ["--idle-timeout", "forever", "-v"]);
  await waitUntil(() => /worker .* starts/.test(worker.log));
  for (const file of [path, `${path}-wal`, `${path}-shm`]) await Deno.remove(file).catch(() => {});
  await using queue = await openQueue(path);
  await queue.enqueue([shellJob()]);
  assertEquals(await worker.ended(), 5);
  assertMatch(worker.log, /the file was removed or replaced/);
  assertEquals((await queue.counts()).ready, 1);
});
