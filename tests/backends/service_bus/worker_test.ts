import { silentLogger } from "../../../src/log/logger.ts";
import { processRunner } from "../../../src/runner/process_runner.ts";
import { Worker } from "../../../src/worker/worker.ts";
import type { WorkerOptions } from "../../../src/worker/worker_options.ts";
import { assert, assertBetween, assertEquals, assertMatch } from "../../support/assert.ts";
import { commandOf, shellJob } from "../../support/jobs.ts";
import { isAlive } from "../../support/run_job.ts";
import { FAILED, ScriptedRunner, untilStopped } from "../../support/scripted_runner.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { WorkerProcess } from "../../support/worker_process.ts";
import { durationOf } from "./duration_of.ts";
import { Place } from "./place.ts";

/** A worker in this process. */
function workerOf(
  place: Place,
  runner: WorkerOptions["runner"],
  options: Partial<WorkerOptions> = {},
): Worker {
  const retry = { baseMs: 1, jitter: 0 };
  return new Worker({ queue: place.queue, runner, log: silentLogger, retry, ...options });
}

/** Runs real commands, which print nothing. */
function quietRunner() {
  return processRunner({
    output: () => ({ write: () => Promise.resolve(), close: () => Promise.resolve() }),
  });
}

/** The lines of a file that may not be there yet. */
async function linesOf(path: string): Promise<readonly string[]> {
  try {
    return (await Deno.readTextFile(path)).trim().split("\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

test("jobs are done, retried and dead-lettered by a worker as they end", async () => {
  await using dir = await TempDir.make();
  await using runner = quietRunner();
  await using place = await Place.make();
  await place.queue.enqueue([
    shellJob("true"),
    shellJob("echo first words; echo last words >&2; exit 3"),
    shellJob(`test -e ${dir.join("there")} || { touch ${dir.join("there")}; exit 1; }`, { maxAttempts: 2 }),
    shellJob("kill -SEGV $$"),
    shellJob("sleep 60", { timeoutMs: 200 }),
  ]);
  const summary = await workerOf(place, runner, { slots: 5, maxConsecutiveFailures: 9 }).run();
  assertEquals([summary.completed, summary.failed, place.view.all], [2, 4, []]);
  const letters = await place.queue.deadLetters.list();
  const told = new Map(letters.map(({ job, failure }) => [commandOf(job).split(" ")[0], failure]));
  const { exitCode, output, message } = told.get("echo") ?? {};
  assertEquals([exitCode, output?.trim().split("\n").at(-1)], [3, "last words"]);
  assertMatch(message ?? "", /3/);
  assertEquals([told.get("kill")?.signal, told.get("sleep")?.kind], ["SIGSEGV", "timed-out"]);
  for (const { deadLetterErrorDescription = "" } of place.view.dead) {
    assertMatch(deadLetterErrorDescription, /attempts 1, worker-/);
  }
});

test("a job that lasts ten times as long as its lock is renewed, and runs once", async () => {
  await using dir = await TempDir.make();
  await using runner = quietRunner();
  await using place = await Place.make({ made: { lockDurationMs: 300 } });
  await place.queue.enqueue([shellJob(`echo run >> ${dir.join("runs")}; sleep 3`)]);
  const running = workerOf(place, runner).run();
  let isOver = false;
  const summary = running.finally(() => isOver = true);
  await waitUntil(async () => (await linesOf(dir.join("runs"))).length === 1);
  // Nobody else gets it meanwhile.
  const other = place.open();
  while (!isOver) assertEquals(await other.lease({ leaseMs: 60_000, waitMs: 50 }), undefined);
  assertEquals([(await summary).completed, (await summary).lost], [1, 0]);
  assertEquals([await linesOf(dir.join("runs")), place.view.all], [["run"], []]);
});

test("a job is kept while its connections are cut again and again, and runs once", async () => {
  await using place = await Place.make({ made: { lockDurationMs: 2_000 } });
  await place.queue.enqueue([shellJob("long")]);
  const end = Promise.withResolvers<void>();
  const runner = new ScriptedRunner(async () => {
    await end.promise;
    return { kind: "succeeded" };
  });
  const running = workerOf(place, runner, { slots: 2 }).run();
  await waitUntil(() => runner.executions.length === 1);
  const startedAt = Date.now();
  for (let cuts = 1; cuts <= 10; cuts++) {
    await waitUntil(() => Date.now() >= startedAt + 500 * cuts);
    place.broker.cutConnections();
  }
  end.resolve();
  const { completed, lost } = await running;
  assertEquals([completed, lost, runner.executions.length, place.view.all], [1, 0, 1, []]);
});

test("a job whose lock is lost in its middle is stopped with all it started, nothing is settled, and the next one runs", async () => {
  await using dir = await TempDir.make();
  await using runner = quietRunner();
  await using place = await Place.make({ made: { lockDurationMs: 900 } });
  const pids = dir.join("pids");
  await place.queue.enqueue([shellJob(`sleep 1000 & echo $$ $! >> ${pids}; wait`, { maxAttempts: 3 })]);
  const before = place.view.all[0];
  const running = workerOf(place, runner).run();
  await waitUntil(async () => (await linesOf(pids)).length === 1);
  const operation = "com.microsoft:renew-lock";
  place.broker.fault({ kind: "silence" }, { at: "management", operation, times: 1_000 });
  // Another worker, which had been waiting for it.
  const taken = await place.open().lease({ leaseMs: 60_000, waitMs: 10_000 });
  place.view.lockDurationMs = 60_000;
  place.broker.heal();
  await taken?.renew(60_000);
  await place.queue.enqueue([shellJob(`echo next >> ${dir.join("next")}`)]);
  const { completed, lost, failed } = await running;
  assertEquals([completed, lost, failed], [1, 1, 0]);
  assertEquals(await linesOf(dir.join("next")), ["next"]);
  for (const pid of ((await linesOf(pids))[0] ?? "").split(" ")) assertEquals(await isAlive(pid), false);
  const [left] = place.view.all;
  assertEquals([left?.body, left?.state.kind, left?.applicationProperties], [before?.body, "locked", {}]);
  assertEquals([place.view.all.length, place.view.dead], [1, []]);
  await taken?.ack();
});

test("a job of which the service says that its lock is lost is stopped at once, and comes back", async () => {
  await using place = await Place.make({ made: { lockDurationMs: 900 } });
  await place.queue.enqueue([shellJob("a", { maxAttempts: 3 })]);
  const runner = new ScriptedRunner((job, context) =>
    job.executions === 1 ? untilStopped(job, context) : { kind: "succeeded" }
  );
  const condition = "com.microsoft:message-lock-lost";
  const operation = "com.microsoft:renew-lock";
  place.broker.fault({ kind: "refuse", condition, status: 410 }, { at: "management", operation });
  const { completed, lost } = await workerOf(place, runner, { idleTimeoutMs: 2_000 }).run();
  assertEquals([completed, lost], [1, 1]);
  assertEquals(runner.executions.map(({ job }) => [job.attempts, job.executions]), [[0, 1], [0, 2]]);
  assertEquals([place.view.all, place.view.dead], [[], []]);
});

test("a job that somebody else took over while its worker was stopped is stopped, and nothing of it is settled", async () => {
  await using place = await Place.make({ made: { lockDurationMs: 1_000 } });
  await place.queue.enqueue([shellJob("echo pid $$; exec sleep 1000", { maxAttempts: 3 })]);
  await using worker = new WorkerProcess(
    `sb://${place.broker.host}/${place.name}`,
    ["--idle-timeout", "0s"],
    { JOBQ_CONNECTION_STRING: place.broker.connectionString },
  );
  await waitUntil(() => worker.output.includes("pid"));
  worker.signal("SIGSTOP");
  const taken = await place.queue.lease({ leaseMs: 60_000, waitMs: 10_000 });
  place.view.lockDurationMs = 60_000;
  await taken?.renew(60_000);
  worker.signal("SIGCONT");
  assertEquals(await worker.ended(), 0);
  assertMatch(worker.log, /no longer ours: its lease was lost; nothing was settled/);
  const pid = /pid (\d+)/.exec(worker.output)?.[1] ?? "";
  assertEquals(await isAlive(pid), false);
  assertEquals([place.view.all.length, place.view.dead], [1, []]);
  await taken?.ack();
  assertEquals(place.view.all, []);
});

test("jobs that end in the same moment end each in its own way", async () => {
  await using place = await Place.make();
  const count = 120;
  await place.queue.enqueue(
    Array.from({ length: count }, (_, index) => shellJob(`${index}`, { maxAttempts: 2 })),
  );
  // All slots at once, as when a shared resource comes back.
  let waiting: (() => void)[] = [];
  const runner = new ScriptedRunner(async (job) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      setTimeout(() => {
        const all = waiting;
        waiting = [];
        for (const go of all) go();
      }, 10);
    });
    return Number(commandOf(job)) % 3 === 0 ? FAILED : { kind: "succeeded" };
  });
  const { completed, failed } = await workerOf(place, runner, {
    slots: 12,
    maxConsecutiveFailures: 1_000,
  }).run();
  assertEquals([completed, failed, place.view.all], [80, 80, []]);
  const dead = place.view.dead.map(({ body }) => Number(JSON.parse(JSON.parse(body).kwargs).cmd));
  assertEquals(dead.toSorted((a, b) => a - b), Array.from({ length: 40 }, (_, index) => 3 * index));
  for (const { applicationProperties } of place.view.dead) {
    assertEquals(applicationProperties["jobq-attempts"], 2);
  }
});

test("the service goes away while a worker runs and comes back: it goes on, and every job is done once", async () => {
  // On a busy machine, two outages take longer than they should: no lock is to end because of that.
  await using place = await Place.make({ made: { lockDurationMs: 10_000 } });
  const count = 40;
  await place.queue.enqueue(Array.from({ length: count }, (_, index) => shellJob(`${index}`)));
  const runner = new ScriptedRunner(async () => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    return { kind: "succeeded" };
  });
  const running = workerOf(place, runner, { slots: 3, idleTimeoutMs: 11_000 }).run();
  for (const done of [5, 20]) {
    await waitUntil(() => runner.executions.length >= done);
    await place.broker.down();
    const at = Date.now();
    await waitUntil(() => Date.now() - at >= 600);
    await place.broker.up();
  }
  const { completed, lost } = await running;
  assertEquals(completed + lost, runner.executions.length);
  assertEquals(new Set(runner.executions.map(({ job }) => commandOf(job))).size, count);
  assertEquals([lost, place.view.all, place.view.dead], [0, [], []]);
});

test("connections are cut at random while three workers run: every job is done, none is lost", async () => {
  await using place = await Place.make({ made: { lockDurationMs: 3_000 } });
  const count = 150;
  await place.queue.enqueue(Array.from({ length: count }, (_, index) => shellJob(`${index}`)));
  const done: string[] = [];
  const runner = new ScriptedRunner(async (job) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    done.push(commandOf(job));
    return { kind: "succeeded" };
  });
  const workers = [place.queue, place.open(), place.open()].map((queue) =>
    workerOf(place, runner, { queue, slots: 2, idleTimeoutMs: 4_000 }).run()
  );
  let isOver = false;
  const summaries = Promise.all(workers).finally(() => isOver = true);
  for (let next = 60; done.length < count && !isOver; next += 120) {
    const at = Date.now();
    await waitUntil(() => Date.now() - at >= next % 250);
    place.broker.cutConnections();
  }
  const reasons = (await summaries).map(({ reason }) => reason);
  assertEquals(reasons, ["idle", "idle", "idle"]);
  assertEquals([new Set(done).size, place.view.all, place.view.dead], [count, [], []]);
});

test("an interrupted worker gives its job back at once, and another one has it", async () => {
  await using place = await Place.make();
  const other = place.open();
  await place.queue.enqueue([shellJob("a")]);
  const runner = new ScriptedRunner(untilStopped);
  const worker = workerOf(place, runner, { slots: 3 });
  const running = worker.run();
  await waitUntil(() => runner.executions.length === 1);
  const waiting = other.lease({ leaseMs: 60_000, waitMs: 10_000 });
  worker.interrupt();
  const lease = await waiting;
  assertEquals([lease?.job.attempts, lease?.job.executions], [0, 2]);
  assertBetween(await durationOf(running), 0, 2_000);
  await lease?.ack();
});

test("a worker that is told to drain while it waits leaves at once", async () => {
  await using place = await Place.make();
  const worker = workerOf(place, new ScriptedRunner(untilStopped), { idleTimeoutMs: 60_000 });
  const running = worker.run();
  await waitUntil(() => place.broker.connections === 1);
  worker.drain();
  assertBetween(await durationOf(running), 0, 2_000);
  assertEquals((await running).reason, "drained");
});

test("a worker holds no more messages than it has free slots", async () => {
  await using place = await Place.make();
  await place.queue.enqueue(Array.from({ length: 30 }, (_, index) => shellJob(`${index}`)));
  let most = 0;
  const runner = new ScriptedRunner(async () => {
    most = Math.max(most, place.view.locked.length);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { kind: "succeeded" };
  });
  const { completed } = await workerOf(place, runner, { slots: 4 }).run();
  assertEquals(completed, 30);
  assert(most <= 4, `${most} were locked`);
});
