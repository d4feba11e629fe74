import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { WorkerProcess } from "../support/worker_process.ts";

const stateOf = async (queue: QueueFile, id: string) => (await queue.look((handle) => handle.get(id)))?.state;

test("cancel cancels waiting jobs and those that wait for them", async () => {
  await using queue = await QueueFile.make();
  const [a = "", b = ""] = await queue.pushed("a", "b");
  const [c = ""] = await queue.look((handle) => handle.enqueue([shellJob("c", { after: [{ job: a }] })]));
  const { code, stdout, stderr } = await queue.process(["cancel", a, "2"]);
  assertEquals([code, stdout], [0, ""]);
  assertEquals(stderr, "cancelled 2 jobs\ncancelled 1 job that waited for them\n");
  assertEquals(await Promise.all([a, b, c].map((id) => stateOf(queue, id))), Array(3).fill("cancelled"));
});

test("cancel asks the worker of a running job to stop it, and the job ends cancelled", async () => {
  await using queue = await QueueFile.with("echo running; exec sleep 60");
  await using worker = new WorkerProcess(queue.path);
  await waitUntil(() => worker.output.includes("running"));
  const [{ id = "" } = {}] = await queue.look((handle) => handle.list());
  const { code, stderr } = await queue.jobq(["cancel", id]);
  assertEquals([code, stderr], [0, `job ${id} runs: asked its worker to stop it\n`]);
  assertEquals(await worker.ended(), 0);
  assertEquals(await stateOf(queue, id), "cancelled");
});

test("cancel exits with 2 and names each job that it refused, with its state; the others are cancelled", async () => {
  await using queue = await QueueFile.make();
  const [dead] = await queue.dead("dead");
  const [done = "", cancelled = "", waiting = ""] = await queue.pushed("done", "cancelled", "waiting");
  await queue.look(async (handle) => {
    await (await handle.lease({ leaseMs: 60_000, waitMs: 0 }))?.ack();
    await handle.cancel([cancelled]);
  });
  const { code, stderr } = await queue.jobq(["cancel", "1", "2", "3", "4"]);
  assertEquals(code, 2);
  const reasons =
    `${dead} (it has failed), ${done} (it is completed), ${cancelled} (it is cancelled already)`;
  assertEquals(
    stderr,
    `cancelled 1 job\nerror: Cannot cancel 3 jobs: ${reasons}\nhint: jobq list shows the states of all jobs\n`,
  );
  assertEquals(await stateOf(queue, waiting), "cancelled");
});

test("cancel of one finished job says what it is", async () => {
  await using queue = await QueueFile.make();
  const [dead] = await queue.dead("dead");
  const { code, stderr } = await queue.jobq(["cancel", "1"]);
  assertEquals(code, 2);
  assert(stderr.startsWith(`error: Cannot cancel ${dead}: it has failed\n`), stderr);
});

test("cancel --json prints an object that says what became of each", async () => {
  await using queue = await QueueFile.make();
  const [dead] = await queue.dead("dead");
  const [running, waiting] = await queue.pushed("running", "waiting");
  await queue.look((handle) => handle.lease({ leaseMs: 60_000, waitMs: 0 }));
  const { code, stdout } = await queue.jobq(["cancel", "--json", "1", "2", "3"]);
  assertEquals(code, 2);
  assertEquals(JSON.parse(stdout), {
    cancelled: [waiting],
    stopping: [running],
    children: 0,
    refused: [{ id: dead, reason: "has failed" }],
  });
});

test("cancel of an unknown id exits with 2 and cancels nothing", async () => {
  await using queue = await QueueFile.with("a");
  const { code, stderr } = await queue.jobq(["cancel", "1", "77"]);
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot find "77": no job starts with it/);
  assertEquals(await queue.commands(), ["a"]);
});
