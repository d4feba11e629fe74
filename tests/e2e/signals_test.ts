import { openQueue } from "../../src/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { Child } from "../support/child.ts";
import { shellJob } from "../support/jobs.ts";
import { isAlive } from "../support/run_job.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { WorkerProcess } from "../support/worker_process.ts";
import { waitUntil } from "../support/wait_until.ts";

const FOREVER = "echo pid $$; exec sleep 1000";
const STUBBORN = "trap 'echo asked' TERM; echo pid $$; while :; do sleep 0.05; done";
const pidsOf = (worker: WorkerProcess) =>
  [...worker.output.matchAll(/pid (\d+)/g)].map(([, pid = ""]) => pid);

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  test(`${signal} stops the running jobs, gives them back uncounted and leaves with ${code}`, async () => {
    await using dir = await TempDir.make();
    await using queue = await openQueue(dir.join("q.db"));
    await queue.enqueue([shellJob(FOREVER), shellJob(FOREVER), shellJob(FOREVER)]);
    await using worker = new WorkerProcess(dir.join("q.db"), ["-n", "2"]);
    await waitUntil(() => pidsOf(worker).length === 2);
    worker.signal(signal);
    assertEquals(await worker.ended(), code);
    assertEquals(await Promise.all(pidsOf(worker).map(isAlive)), [false, false]);
    const jobs = await queue.peek(10);
    assertEquals(jobs.map(({ state, attempts }) => [state, attempts]), Array(3).fill(["pending", 0]));
  });
}

test("a second SIGINT kills at once and still gives the job back", async () => {
  await using dir = await TempDir.make();
  await using queue = await openQueue(dir.join("q.db"));
  await queue.enqueue([shellJob(STUBBORN)]);
  await using worker = new WorkerProcess(dir.join("q.db"), ["--kill-timeout", "10m"]);
  await waitUntil(() => pidsOf(worker).length === 1);
  worker.signal("SIGINT");
  await waitUntil(() => worker.output.includes("asked"));
  assert(await isAlive(worker.pid));
  worker.signal("SIGINT");
  assertEquals(await worker.ended(), 130);
  assertEquals(await isAlive(pidsOf(worker)[0] ?? ""), false);
  assertEquals((await queue.counts()).ready, 1);
});

test("$JOBQ_KILL_TIMEOUT is the time between TERM and KILL", async () => {
  await using dir = await TempDir.make();
  await using queue = await openQueue(dir.join("q.db"));
  await queue.enqueue([shellJob(STUBBORN)]);
  await using worker = new WorkerProcess(dir.join("q.db"), [], { JOBQ_KILL_TIMEOUT: "300ms" });
  await waitUntil(() => pidsOf(worker).length === 1);
  worker.signal("SIGTERM");
  assertEquals(await worker.ended(), 143);
  assertEquals((await queue.counts()).ready, 1);
});

test("SIGUSR1 lets the running job end, takes no other and leaves with 0", async () => {
  await using dir = await TempDir.make();
  await using queue = await openQueue(dir.join("q.db"));
  await queue.enqueue([
    shellJob(`echo started; until [ -e ${dir.join("go")} ]; do sleep 0.02; done`),
    shellJob(),
  ]);
  await using worker = new WorkerProcess(dir.join("q.db"));
  await waitUntil(() => worker.output.includes("started"));
  worker.signal("SIGUSR1");
  await waitUntil(() => /no more jobs/.test(worker.log));
  await Deno.writeTextFile(dir.join("go"), "");
  assertEquals(await worker.ended(), 0);
  const { completed, ready } = await queue.counts();
  assertEquals([completed, ready], [1, 1]);
});

test("a signal to an idle worker ends it", async () => {
  await using dir = await TempDir.make();
  await using worker = new WorkerProcess(dir.join("q.db"), ["--idle-timeout", "forever", "-v"]);
  await waitUntil(() => /worker .* starts/.test(worker.log));
  worker.signal("SIGTERM");
  assertEquals(await worker.ended(), 143);
});

test("--time-limit gives the running job back and leaves with 0", async () => {
  await using dir = await TempDir.make();
  await using queue = await openQueue(dir.join("q.db"));
  await queue.enqueue([shellJob(FOREVER)]);
  await using worker = new WorkerProcess(dir.join("q.db"), ["--time-limit", "500ms"]);
  assertEquals(await worker.ended(), 0);
  assertMatch(worker.log, /time limit is reached/);
  assertEquals((await queue.counts()).ready, 1);
});

test("three failures in a row end a worker with 6, and what its other slot runs is given back", async () => {
  await using dir = await TempDir.make();
  await using queue = await openQueue(dir.join("q.db"));
  await queue.enqueue([shellJob(FOREVER), ...Array.from({ length: 5 }, () => shellJob("exit 1"))]);
  await using worker = new WorkerProcess(dir.join("q.db"), ["-n", "2"]);
  assertEquals(await worker.ended(), 6);
  const { failed, ready, running } = await queue.counts();
  assertEquals([failed, ready, running], [3, 3, 0]);
});

test("a third SIGINT ends a worker that the queue does not let leave", async () => {
  await using dir = await TempDir.make();
  const path = dir.join("q.db");
  await using queue = await openQueue(path);
  await queue.enqueue([shellJob(FOREVER)]);
  await using worker = new WorkerProcess(path);
  await waitUntil(() => pidsOf(worker).length === 1);
  await using lock = new Child("locker.ts", [path]);
  await lock.line();
  worker.signal("SIGINT");
  await waitUntil(() => /once more to kill/.test(worker.log));
  worker.signal("SIGINT");
  await waitUntil(() => /once more to leave/.test(worker.log));
  worker.signal("SIGINT");
  assertEquals(await worker.ended(), 130);
});

test("a machine without temporary space gives the job back and says so", async () => {
  await using dir = await TempDir.make();
  await using queue = await openQueue(dir.join("q.db"));
  await queue.enqueue([shellJob()]);
  await using worker = new WorkerProcess(dir.join("q.db"), [], { TMPDIR: dir.join("missing") });
  assertEquals(await worker.ended(), 5);
  assertMatch(worker.log, /cannot be run here and was given back: Cannot start processes on this machine/);
  assertEquals((await queue.counts()).ready, 1);
});
