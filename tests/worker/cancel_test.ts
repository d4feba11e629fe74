import { MemoryQueue } from "../../src/backends/memory/queue.ts";
import type { WorkerEvent } from "../../src/core/events.ts";
import { processRunner } from "../../src/runner/process_runner.ts";
import { Worker } from "../../src/worker/worker.ts";
import { assertEquals, assertExists, assertMatch } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { isAlive } from "../support/run_job.ts";
import { FAILED, untilStopped } from "../support/scripted_runner.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { setUpWorker } from "../support/worker_bench.ts";

test("a running job that is cancelled is stopped and ends cancelled", async () => {
  const { worker, clock, queue, ids: [id = ""], logged } = await setUpWorker([shellJob()], untilStopped);
  const done = worker.run();
  await clock.advance(0);
  assertEquals((await queue.cancel([id])).stopping, [id]);
  assertEquals(await done, { reason: "idle", completed: 0, failed: 0, cancelled: 1, released: 0, lost: 0 });
  const job = await queue.get(id);
  assertEquals([job?.state, job?.attempts, job?.history[0]?.outcome], ["cancelled", 0, "cancelled"]);
  assertEquals(logged().at(-1), `info: job ${id} was cancelled`);
});

test("what a cancelled job printed last is kept", async () => {
  const { worker, clock, queue, ids: [id = ""] } = await setUpWorker(
    [shellJob()],
    async (job, context) => ({ ...await untilStopped(job, context), output: "last words" }),
  );
  const done = worker.run();
  await clock.advance(0);
  await queue.cancel([id]);
  await done;
  assertEquals((await queue.get(id))?.history[0]?.output, "last words");
});

test("a cancelled job is no failure in a row, nor does it end such a row", async () => {
  const { worker, clock, queue } = await setUpWorker(
    [shellJob("bad"), shellJob("bad"), shellJob("long"), shellJob("bad"), shellJob("bad")],
    (job, context) =>
      job.task.kind === "shell" && job.task.command === "bad" ? FAILED : untilStopped(job, context),
  );
  const done = worker.run();
  await clock.advance(0);
  const running = await queue.list({ states: ["running"] });
  await queue.cancel(running.map(({ id }) => id));
  const { reason, failed, cancelled } = await done;
  assertEquals({ reason, failed, cancelled }, { reason: "too-many-failures", failed: 3, cancelled: 1 });
});

test("the slot goes on with the next job", async () => {
  const { worker, clock, queue, runner, ids: [first = ""] } = await setUpWorker(
    [shellJob("long"), shellJob()],
    (job, context) =>
      job.task.kind === "shell" && job.task.command === "long"
        ? untilStopped(job, context)
        : { kind: "succeeded" },
    { maxConsecutiveFailures: 0 },
  );
  const done = worker.run();
  await clock.advance(0);
  await queue.cancel([first]);
  assertEquals((await done).completed, 1);
  assertEquals(runner.executions.map(({ context }) => context.slot), [0, 0]);
});

test("a job that ends by itself while it is cancelled keeps its own outcome", async () => {
  const { worker, queue, ids: [id = ""] } = await setUpWorker([shellJob()], async () => {
    await queue.cancel([id]);
    return { kind: "succeeded", result: 42 };
  });
  assertEquals((await worker.run()).completed, 1);
  const job = await queue.get(id);
  assertEquals([job?.state, job?.result], ["completed", 42]);
});

test("a job that is interrupted and then cancelled ends cancelled", async () => {
  const { worker, clock, queue, ids: [id = ""] } = await setUpWorker([shellJob()], async (job, context) => {
    const outcome = await untilStopped(job, context);
    await queue.cancel([id]);
    return outcome;
  });
  const done = worker.run();
  await clock.advance(0);
  worker.interrupt();
  assertEquals((await done).reason, "interrupted");
  assertEquals((await queue.get(id))?.state, "cancelled");
});

test("events tell of a cancelled job", async () => {
  const events: WorkerEvent[] = [];
  const { worker, clock, queue, ids } = await setUpWorker([shellJob()], untilStopped, {
    onEvent: (event) => events.push(event),
  });
  const done = worker.run();
  await clock.advance(0);
  await queue.cancel(ids);
  await done;
  assertEquals(
    events.map((event) =>
      event.kind === "job-settled" ? [event.outcome.kind, event.settlement.kind] : event.kind
    ),
    ["job-started", ["cancelled", "cancel"]],
  );
});

test("cancelling a command ends all of its group", async () => {
  const queue = new MemoryQueue();
  const [id = ""] = await queue.enqueue([
    shellJob("(trap '' TERM; echo $BASHPID; while :; do sleep 0.05; done) & wait"),
  ]);
  const printed = Promise.withResolvers<string>();
  await using runner = processRunner({
    killTimeoutMs: 200,
    output: () => ({
      write: (_, bytes) => Promise.resolve(printed.resolve(new TextDecoder().decode(bytes))),
      close: () => Promise.resolve(),
    }),
  });
  const done = new Worker({ queue, runner }).run();
  const pid = (await printed.promise).trim();
  await queue.cancel([id]);
  assertEquals((await done).cancelled, 1);
  await waitUntil(async () => !await isAlive(pid));
  const { state, history } = assertExists(await queue.get(id));
  assertEquals(state, "cancelled");
  assertMatch(history[0]?.output ?? "", new RegExp(`^${pid}`));
});
