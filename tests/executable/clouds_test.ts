import { BusQueue } from "../cli/bus_queue.ts";
import { CloudQueue } from "../cli/cloud_queue.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { CACHE, runExecutable } from "../support/executable.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";

/** Pushes, counts and runs jobs on a queue of a cloud. */
async function runJobs(address: string, env: Readonly<Record<string, string>>): Promise<void> {
  await using dir = await TempDir.make();
  const options = { env: { ...env, JOBQ_CACHE_DIR: CACHE, TMPDIR: dir.path } };
  const push = await runExecutable([address, "push", "--quiet", "-c", "echo ran", "-c", "exit 3"], options);
  assertEquals(push.code, 0, push.stderr);
  assertEquals((await runExecutable([address, "size"], options)).stdout, "2\n");
  const worker = await runExecutable([address, "worker", "--idle-timeout", "2s"], options);
  assertEquals(worker.stdout, "ran\n");
  assertMatch(worker.stderr, /completed=1 failed=1/);
  assertMatch((await runExecutable([address, "dead", "list"], options)).stdout, /exit code 3/);
}

test("jobs on Azure Storage Queue are pushed, counted and run", async () => {
  const { address, env } = await CloudQueue.place();
  await runJobs(address, env);
});

test("jobs on Azure Service Bus are pushed, counted and run", async () => {
  await using queue = await BusQueue.made();
  await runJobs(queue.address, queue.env);
});
