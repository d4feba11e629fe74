import { openQueue } from "../../src/mod.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { isAlive } from "../support/run_job.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { WorkerProcess } from "../support/worker_process.ts";
import { waitUntil } from "../support/wait_until.ts";

const SHORT_LEASE = ["--visibility-timeout", "1s"];

test("a worker stopped past its lease settles nothing when it is woken, and stops its child", async () => {
  await using dir = await TempDir.make();
  await using queue = await openQueue(dir.join("q.db"));
  // The first to run it waits for ever, the second ends at once.
  const [id] = await queue.enqueue([
    shellJob(`if mkdir ${dir.join("first")}; then echo pid $$; exec sleep 1000; else echo second; fi`),
  ]);
  await using first = new WorkerProcess(dir.join("q.db"), SHORT_LEASE);
  await waitUntil(() => first.output.includes("pid"));
  first.signal("SIGSTOP");
  await using second = new WorkerProcess(dir.join("q.db"), [...SHORT_LEASE, "--idle-timeout", "30s"]);
  await waitUntil(() => second.log.includes(`job ${id} completed`));
  const pid = /pid (\d+)/.exec(first.output)?.[1] ?? "";
  assertEquals(await isAlive(pid), true);

  first.signal("SIGCONT");
  assertEquals(await first.ended(), 0);
  assertMatch(first.log, /no longer ours: its lease was lost; nothing was settled/);
  assertEquals(await isAlive(pid), false);
  const { completed, ready, running, failed } = await queue.counts();
  assertEquals([completed, ready, running, failed], [1, 0, 0, 0]);
});

test("a job whose worker is killed is run again after its lease, uncounted, and its processes are gone", async () => {
  await using dir = await TempDir.make();
  await using queue = await openQueue(dir.join("q.db"));
  await queue.enqueue([
    shellJob(`echo "attempt $JOBQ_ATTEMPT pid $$"; mkdir ${dir.join("first")} && exec sleep 1000; true`),
  ]);
  await using first = new WorkerProcess(dir.join("q.db"), SHORT_LEASE);
  await waitUntil(() => first.output.includes("pid"));
  first.signal("SIGKILL");
  await first.ended();
  await using second = new WorkerProcess(dir.join("q.db"), [...SHORT_LEASE, "--idle-timeout", "10s"]);
  await waitUntil(() => second.output.includes("pid"));
  assertMatch(second.output, /attempt 1 pid/);
  await waitUntil(async () => (await queue.counts()).completed === 1);
  const pid = /pid (\d+)/.exec(first.output)?.[1] ?? "";
  await waitUntil(async () => !await isAlive(pid), { limitMs: 3_000 });
});

test("a job that is longer than its lease keeps it, and runs once", async () => {
  await using dir = await TempDir.make();
  await using queue = await openQueue(dir.join("q.db"));
  await queue.enqueue([shellJob(`echo run >> ${dir.join("runs")}; sleep 2.5`)]);
  await using first = new WorkerProcess(dir.join("q.db"), SHORT_LEASE);
  await using second = new WorkerProcess(dir.join("q.db"), [...SHORT_LEASE, "--idle-timeout", "4s"]);
  assertEquals([await first.ended(), await second.ended()], [0, 0]);
  assertEquals(await Deno.readTextFile(dir.join("runs")), "run\n");
});
