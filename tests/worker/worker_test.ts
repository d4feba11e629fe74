import { onAbort } from "../../src/core/abort.ts";
import { systemClock } from "../../src/core/clock.ts";
import { BackendError } from "../../src/core/errors.ts";
import type { WorkerEvent } from "../../src/core/events.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import type { LeaseOptions, Queue } from "../../src/core/queue.ts";
import { Slots } from "../../src/worker/slots.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { FAILED, untilStopped } from "../support/scripted_runner.ts";
import { countedSignal } from "../support/counted_signal.ts";
import { test } from "../support/testing.ts";
import { setUpWorker } from "../support/worker_bench.ts";

const SUCCEEDED: Outcome = { kind: "succeeded" };

test("a worker runs all jobs and leaves when the queue is empty", async () => {
  const { worker, queue } = await setUpWorker([shellJob(), shellJob(), shellJob()], () => SUCCEEDED, {
    slots: 2,
  });
  assertEquals(await worker.run(), {
    reason: "idle",
    completed: 3,
    failed: 0,
    cancelled: 0,
    released: 0,
    lost: 0,
  });
  assertEquals((await queue.counts()).ready, 0);
});

test("no more jobs run at once than there are slots", async () => {
  let running = 0;
  let most = 0;
  const { worker, runner } = await setUpWorker(Array.from({ length: 20 }, () => shellJob()), async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
    return SUCCEEDED;
  }, { slots: 3 });
  await worker.run();
  assertEquals([most, runner.executions.length], [3, 20]);
  assertEquals(new Set(runner.executions.map(({ context }) => context.slot)), new Set([0, 1, 2]));
});

test("a job is told who it is", async () => {
  const { worker, runner } = await setUpWorker([shellJob()], () => SUCCEEDED, { workerId: "w7" });
  await worker.run();
  const { context, job } = runner.executions[0] ?? {};
  assertEquals(context?.env, {
    JOBQ_JOB_ID: job?.id ?? "",
    JOBQ_TASK_ID: job?.id ?? "",
    JOBQ_ATTEMPT: "1",
    JOBQ_QUEUE: "memory",
    JOBQ_QUEUE_NAME: "memory",
    JOBQ_WORKER_ID: "w7",
    JOBQ_SLOT: "0",
  });
});

test("a failed job is repeated after its backoff, and the worker waits for it", async () => {
  const job = shellJob("x", { maxAttempts: 3, retryDelayMs: 1_000 });
  const { worker, clock, runner } = await setUpWorker(
    [job],
    ({ attempts }) => attempts < 2 ? FAILED : SUCCEEDED,
  );
  const startedAt = clock.now();
  const done = worker.run();
  await clock.advance(10_000);
  assertEquals(await done, { reason: "idle", completed: 1, failed: 2, cancelled: 0, released: 0, lost: 0 });
  assertEquals(runner.executions.map(({ context }) => context.env.JOBQ_ATTEMPT), ["1", "2", "3"]);
  assert(clock.now() >= startedAt + 3_000);
});

test("a job that used its attempts is dead-lettered with the reason", async () => {
  const { worker, clock, queue } = await setUpWorker([shellJob("x", { maxAttempts: 2 })], () => FAILED, {
    workerId: "w7",
  });
  const done = worker.run();
  await clock.advance(10_000);
  await done;
  const [letter] = await queue.deadLetters.list();
  assertEquals(letter?.job.attempts, 2);
  assertEquals([letter?.failure.message, letter?.failure.exitCode, letter?.failure.workerId], [
    "exit code 1",
    1,
    "w7",
  ]);
});

test("a worker does not leave before its idle timeout, and then does", async () => {
  const { worker, clock } = await setUpWorker([], () => SUCCEEDED, { idleTimeoutMs: 5_000 });
  let left = false;
  const done = worker.run().finally(() => left = true);
  await clock.advance(4_900);
  assert(!left);
  await clock.advance(200);
  assertEquals((await done).reason, "idle");
});

test("a worker that waits for ever takes a job that comes late, and leaves when drained", async () => {
  const { worker, clock, queue } = await setUpWorker([], () => SUCCEEDED, { idleTimeoutMs: Infinity });
  const done = worker.run();
  await clock.advance(300_000);
  await queue.enqueue([shellJob()]);
  await clock.advance(10_000);
  worker.drain();
  assertEquals(await done, {
    reason: "drained",
    completed: 1,
    failed: 0,
    cancelled: 0,
    released: 0,
    lost: 0,
  });
});

test("a worker with a running job takes one that comes meanwhile", async () => {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const { worker, clock, queue, runner } = await setUpWorker(
    [shellJob("long")],
    ({ task }) => task.kind === "shell" && task.command === "long" ? promise : SUCCEEDED,
    { slots: 2 },
  );
  const done = worker.run();
  await clock.advance(60_000);
  await queue.enqueue([shellJob("short")]);
  await clock.advance(10_000);
  assertEquals(runner.executions.length, 2);
  resolve(SUCCEEDED);
  assertEquals((await done).completed, 2);
});

test("draining lets the running jobs end and takes no more", async () => {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const { worker, clock, queue } = await setUpWorker([shellJob(), shellJob()], () => promise);
  const done = worker.run();
  await clock.advance(0);
  worker.drain();
  resolve(SUCCEEDED);
  assertEquals(await done, {
    reason: "drained",
    completed: 1,
    failed: 0,
    cancelled: 0,
    released: 0,
    lost: 0,
  });
  assertEquals((await queue.counts()).ready, 1);
});

test("interrupting gives the running jobs back at once, uncounted", async () => {
  const { worker, clock, queue } = await setUpWorker([shellJob(), shellJob()], untilStopped, { slots: 2 });
  const done = worker.run();
  await clock.advance(0);
  worker.interrupt();
  assertEquals(await done, {
    reason: "interrupted",
    completed: 0,
    failed: 0,
    cancelled: 0,
    released: 2,
    lost: 0,
  });
  assertEquals((await queue.peek(10)).map(({ attempts }) => attempts), [0, 0]);
  assertEquals((await queue.counts()).ready, 2);
});

test("the time limit gives the running jobs back", async () => {
  const { worker, clock, queue } = await setUpWorker([shellJob()], untilStopped, { timeLimitMs: 60_000 });
  const done = worker.run();
  await clock.advance(60_000);
  assertEquals((await done).reason, "time-limit");
  assertEquals((await queue.counts()).ready, 1);
});

test("a job over its time is stopped and counts as failed", async () => {
  const { worker, clock, queue } = await setUpWorker([shellJob("x", { timeoutMs: 5_000 })], untilStopped);
  const done = worker.run();
  await clock.advance(5_000);
  assertEquals((await done).failed, 1);
  assertEquals((await queue.deadLetters.list())[0]?.failure.kind, "timed-out");
});

test("the third failure in a row of one slot makes the worker leave and give back what its other slots run", async () => {
  const jobs = [shellJob("long"), shellJob(), shellJob(), shellJob(), shellJob()];
  const { worker, queue, clock } = await setUpWorker(
    jobs,
    (job, context) =>
      job.task.kind === "shell" && job.task.command === "long" ? untilStopped(job, context) : FAILED,
    { slots: 2 },
  );
  const done = worker.run();
  await clock.advance(0);
  assertEquals(await done, {
    reason: "too-many-failures",
    completed: 0,
    failed: 3,
    cancelled: 0,
    released: 1,
    lost: 0,
  });
  assertEquals((await queue.counts()).ready, 2);
});

test("a success starts the count of failures anew", async () => {
  const outcomes = [FAILED, FAILED, SUCCEEDED, FAILED, FAILED];
  const { worker } = await setUpWorker(outcomes.map(() => shellJob()), () => outcomes.shift() ?? FAILED);
  assertEquals((await worker.run()).reason, "idle");
});

test("an interruption is not a failure in a row", async () => {
  const outcomes: Outcome[] = [FAILED, FAILED, { kind: "interrupted" }, SUCCEEDED];
  const { worker } = await setUpWorker(
    [shellJob(), shellJob(), shellJob()],
    () => outcomes.shift() ?? FAILED,
  );
  assertEquals((await worker.run()).reason, "idle");
});

test("a worker leaves after its number of jobs", async () => {
  const { worker } = await setUpWorker([shellJob(), shellJob()], () => SUCCEEDED, { maxJobs: 1 });
  assertEquals(await worker.run(), {
    reason: "max-jobs",
    completed: 1,
    failed: 0,
    cancelled: 0,
    released: 0,
    lost: 0,
  });
});

test("events tell of every job", async () => {
  const events: WorkerEvent[] = [];
  const { worker } = await setUpWorker(
    [shellJob(), shellJob("bad")],
    ({ task }) => task.kind === "shell" && task.command === "bad" ? FAILED : SUCCEEDED,
    { onEvent: (event) => events.push(event) },
  );
  await worker.run();
  assertEquals(events.map((event) => event.kind === "job-settled" ? event.settlement.kind : event.kind), [
    "job-started",
    "ack",
    "job-started",
    "dead-letter",
  ]);
});

test("a runner that cannot run jobs costs no attempt, and ends the worker after its running jobs", async () => {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const { worker, queue, clock } = await setUpWorker(
    [shellJob("long"), shellJob(), shellJob()],
    ({ task }) => {
      if (task.kind === "shell" && task.command === "long") return promise;
      throw new BackendError("no processes left");
    },
    { slots: 2 },
  );
  const done = assertRejects(worker.run(), BackendError);
  await clock.advance(0);
  resolve(SUCCEEDED);
  assertEquals((await done).message, "no processes left");
  const { ready, failed, completed } = await queue.counts();
  assertEquals([ready, failed, completed], [2, 0, 1]);
  assertEquals((await queue.peek(2)).map(({ attempts }) => attempts), [0, 0]);
});

test("a listener that throws ends the worker with its error instead of a job in the dark", async () => {
  const { worker } = await setUpWorker([shellJob()], () => SUCCEEDED, {
    onEvent: () => {
      throw new TypeError("a defect");
    },
  });
  assertEquals((await assertRejects(worker.run(), TypeError)).message, "a defect");
});

test("a worker leaves no listener behind for each job that it ran", async () => {
  const slots = new Slots(1);
  const { signal, listeners } = countedSignal();
  for (let job = 0; job < 10; job++) {
    assertEquals(await slots.free(signal), 1);
    slots.run(() => Promise.resolve());
  }
  await slots.allFree();
  assertEquals(listeners(), 0);
});

test("a worker whose jobs never wait still hears that it should leave", async () => {
  const { worker } = await setUpWorker(Array.from({ length: 20_000 }, () => shellJob()), () => SUCCEEDED, {
    clock: systemClock,
  });
  const timer = setTimeout(() => worker.drain(), 20);
  const { reason, completed } = await worker.run();
  clearTimeout(timer);
  assertEquals(reason, "drained");
  assert(completed < 20_000);
});

test("a worker whose last job ends while it asks for the next one does not take the queue for empty", async () => {
  const first = Promise.withResolvers<Outcome>();
  let asked = 0;
  const front = (queue: Queue): Queue =>
    new Proxy(queue, {
      get: (target, name) => {
        if (name !== "lease") return Reflect.get(target, name, target);
        return async (options: LeaseOptions) => {
          // The second call comes while the first job runs, and gets no further than to its end.
          if (++asked === 2) first.resolve(SUCCEEDED);
          if (asked === 2) {
            await new Promise<void>((resolve) => options.signal && onAbort(options.signal, resolve));
          }
          return await target.lease(options);
        };
      },
    });
  const { worker } = await setUpWorker(
    [shellJob(), shellJob(), shellJob()],
    (job) => job.id.startsWith("1-") ? first.promise : SUCCEEDED,
    { slots: 2, front },
  );
  assertEquals((await worker.run()).completed, 3);
});
