import { silentLogger } from "../../../src/log/logger.ts";
import { processRunner } from "../../../src/runner/process_runner.ts";
import { Worker } from "../../../src/worker/worker.ts";
import type { WorkerOptions } from "../../../src/worker/worker_options.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { connectionString } from "../../support/azurite.ts";
import { OwnAzurite } from "../../support/azurite/own_azurite.ts";
import { shellJob } from "../../support/jobs.ts";
import { isAlive } from "../../support/run_job.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { WorkerProcess } from "../../support/worker_process.ts";
import { Place } from "./place.ts";
import { taskText } from "./python_tool.ts";

/** A worker in this process, whose jobs are real ones and print nothing. */
function workerOf(
  place: Place,
  runner: WorkerOptions["runner"],
  options: Partial<WorkerOptions> = {},
): Worker {
  const retry = { baseMs: 1, jitter: 0 };
  return new Worker({ queue: place.queue, runner, log: silentLogger, leaseMs: 10_000, retry, ...options });
}

function quietRunner() {
  return processRunner({
    output: () => ({ write: () => Promise.resolve(), close: () => Promise.resolve() }),
  });
}

/** How often each line is in a file. */
async function linesOf(path: string): Promise<readonly string[]> {
  try {
    return (await Deno.readTextFile(path)).trim().split("\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

test("a job that lasts three times as long as its lease is renewed, and runs once", async () => {
  await using dir = await TempDir.make();
  await using runner = quietRunner();
  const place = await Place.make();
  await place.queue.enqueue([shellJob(`echo run >> ${dir.join("runs")}; sleep 3`)]);
  const running = workerOf(place, runner, { leaseMs: 1_000 }).run();
  let isOver = false;
  const summary = running.finally(() => isOver = true);
  await waitUntil(async () => (await linesOf(dir.join("runs"))).length === 1);
  while (!isOver) assertEquals(await place.texts(), []);
  assertEquals([(await summary).completed, await linesOf(dir.join("runs")), await place.count()], [
    1,
    ["run"],
    0,
  ]);
});

test("jobs are retried, dead-lettered and done by a worker as they end", async () => {
  await using dir = await TempDir.make();
  await using runner = quietRunner();
  const place = await Place.make();
  await place.queue.enqueue([
    shellJob("true"),
    shellJob("echo last words >&2; exit 3"),
    shellJob(`test -e ${dir.join("there")} || { touch ${dir.join("there")}; exit 1; }`, { maxAttempts: 2 }),
    shellJob(`: ${"x".repeat(70_000)}`),
  ]);
  const summary = await workerOf(place, runner, { slots: 4 }).run();
  assertEquals([summary.completed, summary.failed], [3, 2]);
  const { exit_code, error, output, attempts } = await place.onlyFailed();
  assertEquals([exit_code, attempts, await place.count()], [3, 1, 0]);
  assertMatch(`${error} ${output}`, /3.*last words/s);
});

test("a job that somebody else took over is stopped, and nothing of it is settled", async () => {
  const place = await Place.make();
  await place.queue.enqueue([shellJob("echo pid $$; exec sleep 1000", { maxAttempts: 3 })]);
  const before = await place.onlyText();
  await using worker = new WorkerProcess(
    `devstoreaccount1/${place.name}`,
    ["--visibility-timeout", "1s", "--idle-timeout", "0s"],
    { JOBQ_CONNECTION_STRING: await connectionString() },
  );
  await waitUntil(() => worker.output.includes("pid"));
  worker.signal("SIGSTOP");
  await waitUntil(async () => (await place.texts()).length === 1);
  const { messageId, popReceipt } = await place.receive();
  worker.signal("SIGCONT");
  assertEquals(await worker.ended(), 0);
  assertMatch(worker.log, /no longer ours: its lease was lost; nothing was settled/);
  const pid = /pid (\d+)/.exec(worker.output)?.[1] ?? "";
  assertEquals(await isAlive(pid), false);
  // The receipt of the one who took it is still good.
  await place.messages.updateMessage(messageId, popReceipt, undefined, 0);
  assertEquals([await place.texts(), await place.failedTexts()], [[before], []]);
});

test("the service goes away while a worker runs and comes back: it goes on, and every job is run", async () => {
  await using azurite = await OwnAzurite.make();
  await using dir = await TempDir.make();
  await using runner = quietRunner();
  const place = await Place.make({ azurite: azurite.connectionString });
  const count = 12;
  await place.queue.enqueue(
    Array.from({ length: count }, (_, index) => shellJob(`sleep 0.3; echo ${index} >> ${dir.join("runs")}`)),
  );
  const running = workerOf(place, runner, { slots: 2, leaseMs: 1_500, idleTimeoutMs: 3_500 }).run();
  await waitUntil(async () => (await linesOf(dir.join("runs"))).length >= 3);
  await azurite.stop();
  await azurite.start();
  const summary = await running;
  const lines = await linesOf(dir.join("runs"));
  assertEquals(new Set(lines), new Set(Array.from({ length: count }, (_, index) => `${index}`)));
  assertEquals([summary.completed + summary.lost, await place.count()], [lines.length, 0]);
  assertEquals(await place.failedTexts(), []);
});

test("the service goes away while jobs are pushed and comes back: all of them are there", async () => {
  await using azurite = await OwnAzurite.make();
  const place = await Place.make({ azurite: azurite.connectionString });
  await place.put();
  const jobs = Array.from({ length: 60 }, (_, index) => shellJob(`echo ${index}`));
  const pushing = place.queue.enqueue(jobs, { concurrency: 2 });
  await waitUntil(async () => await place.count() >= 15);
  await azurite.stop();
  await azurite.start();
  const ids = await pushing;
  const found: string[] = [];
  for (;;) {
    const { receivedMessageItems: items } = await place.messages.receiveMessages({ numberOfMessages: 32 });
    if (items.length === 0) break;
    found.push(...items.map(({ messageText }) => JSON.parse(messageText).id));
  }
  assertEquals(new Set(found), new Set(ids));
  // Those of which the answers were lost may be there twice.
  assert(found.length <= 62, `${found.length}`);
});

test("jobs of others that no program can be started for are dead letters, and the worker goes on", async () => {
  await using runner = quietRunner();
  const place = await Place.make();
  await place.put(
    taskText({ cmd: "a\0b" }, { id: "a NUL byte" }),
    taskText({ cmd: "true", env: { "A=B": "x" } }, { id: "a name with =" }),
    taskText({ cmd: "true", env: { "": "x" } }, { id: "an empty name" }),
    taskText({ cmd: "true", env: { A: "x\0" } }, { id: "a NUL byte in a value" }),
    taskText({ cmd: "true", cwd: "/tmp\0" }, { id: "a NUL byte in a directory" }),
    taskText({ cmd: "" }, { argv: [""], id: "" }),
    taskText({ cmd: "true" }, { timeout_ms: 0, id: "no time" }),
    // What the Python tool makes of a blank line.
    taskText({ cmd: "\n" }),
  );
  const summary = await workerOf(place, runner, { slots: 8, maxConsecutiveFailures: 99 }).run();
  assertEquals([summary.completed, await place.count()], [2, 0]);
  assertEquals((await place.failedTexts()).map((text) => JSON.parse(text).reason), Array(6).fill("poison"));
});
