import type { WorkerPresence, WorkerSelf } from "../../src/core/workers.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { QueueFile } from "../support/queue_file.ts";
import { openAt } from "../support/sqlite.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { WorkerProcess } from "../support/worker_process.ts";

/** Registers a worker `agoMs` before now, and does not take it out. */
async function registered(queue: QueueFile, self: Partial<WorkerSelf>, agoMs = 0): Promise<WorkerPresence> {
  await using handle = await openAt(queue.path, { clock: new ManualClock(Date.now() - agoMs) });
  return await handle.workers.register({ id: "w1", host: "node7", pid: 42, slots: 2, ...self });
}

for (const words of [["workers"], ["workers", "list"]]) {
  test(`${words.join(" ")} prints a table of the workers with what they run`, async () => {
    await using queue = await QueueFile.with("a");
    await registered(queue, {});
    await registered(queue, { id: "w2", host: "node8", pid: 7, slots: 1 }, 600_000);
    const [id] = await queue.look(async (handle) => {
      const lease = await handle.lease({ leaseMs: 60_000, waitMs: 0, workerId: "w1" });
      return [lease?.job.id];
    });
    const { code, stdout, stderr } = await queue.process(words);
    assertEquals([code, stderr], [0, ""]);
    const [head, ...rows] = stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
    assertEquals(head, ["ID", "HOST", "PID", "SLOTS", "RUNNING", "LAST BEAT", "STATE", "JOBS"]);
    assertEquals(rows.map((row) => row.toSpliced(5, 1)), [
      ["w2", "node8", "7", "1", "0", "lost"],
      ["w1", "node7", "42", "2", "1", "alive", `${id}`],
    ]);
  });
}

test("workers --json prints an object a line", async () => {
  await using queue = await QueueFile.with("a");
  await registered(queue, {});
  await queue.jobq(["workers", "stop", "w1"]);
  const { started_at, beat_at, ...rest } = JSON.parse((await queue.jobq(["workers", "--json"])).stdout);
  assertEquals(rest, {
    id: "w1",
    host: "node7",
    pid: 42,
    slots: 2,
    running: 0,
    jobs: [],
    state: "stopping",
    stop: "drain",
  });
  for (const instant of [started_at, beat_at]) assertMatch(instant, /^\d{4}-.*Z$/);
});

test("workers says on stderr that there are none", async () => {
  await using queue = await QueueFile.with("a");
  assertEquals(await queue.jobq(["workers"]), {
    code: 0,
    stdout: "",
    stderr: "no worker is on this queue\n",
  });
});

test("workers --help lists its commands, and which is the default", async () => {
  await using queue = await QueueFile.make();
  const { code, stdout } = await queue.jobq(["workers", "--help"]);
  assertEquals(code, 0);
  assertMatch(
    stdout,
    /Usage: jobq \[QUEUE\] workers \[COMMAND\] \[OPTIONS\]\n[^]*\n {2}list .*without COMMAND/,
  );
});

test("workers stop lets a worker finish its job and leave", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq([
    "push",
    "--cwd",
    queue.directory.path,
    "-c",
    "echo a; until [ -e go ]; do sleep 0.01; done",
  ]);
  await queue.pushed("echo b");
  await using worker = new WorkerProcess(queue.path);
  await waitUntil(() => worker.output.includes("a"));
  const { code, stdout, stderr } = await queue.jobq(["workers", "stop", "worker-"]);
  assertEquals([code, stdout], [0, ""]);
  assertMatch(stderr, /^asked worker-\S+ to leave when its jobs have ended\n$/);
  await waitUntil(() => worker.log.includes("asked to leave"));
  await Deno.writeTextFile(queue.directory.join("go"), "");
  assertEquals([await worker.ended(), worker.output], [0, "a\n"]);
  assertEquals(await queue.commands(), ["echo b"]);
});

test("workers stop --now makes a worker give its job back and leave", async () => {
  await using queue = await QueueFile.with("echo a; exec sleep 60");
  await using worker = new WorkerProcess(queue.path);
  await waitUntil(() => worker.output.includes("a"));
  const { stdout, stderr } = await queue.jobq(["workers", "stop", "--now", "--json", "worker-"]);
  assertEquals(JSON.parse(stdout).stop, "now");
  assertMatch(stderr, /to give its jobs back and leave\n$/);
  await worker.ended();
  assertEquals((await queue.counts()).ready, 1);
});

test("workers stop of a lost worker says that it may not hear it", async () => {
  await using queue = await QueueFile.with("a");
  await registered(queue, {}, 600_000);
  assertMatch(
    (await queue.jobq(["workers", "stop", "w1"])).stderr,
    /; but it has not been heard of for 10m\n$/,
  );
});

test("workers stop of an unknown one exits with 2 and stops none", async () => {
  await using queue = await QueueFile.with("a");
  await registered(queue, {});
  const { code, stderr } = await queue.jobq(["workers", "stop", "w1", "w7"]);
  assertEquals(code, 2);
  assert(
    stderr.includes('Cannot find "w7": no worker starts with it\nhint: jobq workers shows them'),
    stderr,
  );
  assertEquals((await queue.look((handle) => handle.workers.list()))[0]?.stop, undefined);
});
