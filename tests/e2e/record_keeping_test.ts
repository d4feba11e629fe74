import { openQueue } from "../../src/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

/** What people who come from other record-keeping queues look for, each once, by way of the commands. */

interface Status {
  readonly [key: string]: unknown;
  readonly id: string;
  readonly state: string;
  readonly history: readonly Record<string, unknown>[];
}

async function statusOf(file: QueueFile, id: string): Promise<Status> {
  return JSON.parse((await file.jobq(["status", id, "--json"])).stdout) as Status;
}

async function push(file: QueueFile, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await file.jobq(["push", ...words]);
  assertEquals(code, 0, stderr);
  return stdout.trim();
}

const run = (file: QueueFile, ...words: readonly string[]) => file.jobq(["worker", "--quiet", ...words]);

async function countsOf(file: QueueFile): Promise<Record<string, number>> {
  const { stdout } = await file.jobq(["stats", "--json"]);
  return (JSON.parse(stdout) as { counts: Record<string, number> }).counts;
}

test("a job goes through the states that its life asks for", async () => {
  await using file = await QueueFile.make();
  const completed = await push(file, "-c", "true");
  const failed = await push(file, "-c", "false");
  const timeout = await push(file, "-c", "sleep 60", "--timeout", "50ms");
  const cancelled = await push(file, "-c", "true", "--after", failed);
  const blocked = await push(file, "-c", "true", "--after", `${cancelled}:failed`);
  const states = async () =>
    await Promise.all(
      [completed, failed, timeout, cancelled].map(async (id) => (await statusOf(file, id)).state),
    );
  assertEquals(await states(), ["pending", "pending", "pending", "blocked"]);
  await run(file, "--max-consecutive-failures", "none");
  assertEquals(await states(), ["completed", "failed", "timeout", "cancelled"]);
  // A cancelled parent did not fail.
  assertEquals((await statusOf(file, blocked)).state, "cancelled");
});

test("a running job says so, and who runs it", async () => {
  await using file = await QueueFile.make();
  const id = await push(file, "-c", "true");
  await file.look(async (queue) => {
    await using _lease = await queue.lease({ leaseMs: 60_000, waitMs: 0, workerId: "w1" });
    const { state, worker_id } = await statusOf(file, id);
    assertEquals([state, worker_id], ["running", "w1"]);
  });
});

test("a status record has all keys that one looks for", async () => {
  await using file = await QueueFile.make();
  const parent = await push(file, "-c", 'echo {} > "$JOBQ_RESULT"');
  const limits = ["--num-retries", "2", "--timeout", "1h", "--retry-delay", "5s", "--priority", "7"];
  const words = ["--name", "train", "--after", parent, "-e", "SEED=1", "--cwd", "/", ...limits];
  const id = await push(file, ...words, "-c", 'echo "[1]" > "$JOBQ_RESULT"; echo printed');
  await run(file);
  const status = await statusOf(file, id);
  const { name, cmd, env, cwd, priority, attempts, max_attempts, timeout_ms, retry_delay_ms } = status;
  assertEquals([name, cmd, env], ["train", 'echo "[1]" > "$JOBQ_RESULT"; echo printed', ["SEED"]]);
  assertEquals([cwd, priority, attempts, max_attempts, timeout_ms, retry_delay_ms], [
    "/",
    7,
    1,
    3,
    3_600_000,
    5_000,
  ]);
  assertEquals([status.id, status.state, status.result, status.exit_code], [id, "completed", [1], 0]);
  assertEquals(status.parents, [{ id: parent, when: "ok", state: "completed", satisfied: true }]);
  const times = ["created_at", "started_at", "finished_at", "updated_at"].map((key) => String(status[key]));
  assertEquals(times, times.map((time) => new Date(time).toISOString()).sort());
  const [execution, ...others] = status.history;
  assertEquals(others.length, 0);
  assertEquals([execution?.number, execution?.outcome, execution?.exit_code, execution?.output], [
    1,
    "completed",
    0,
    "printed",
  ]);
  assertEquals(execution?.worker_id, status.worker_id);
  assert(typeof execution?.started_at === "string" && typeof execution.ended_at === "string");
});

test("a failed job tells its error in the record and in each execution", async () => {
  await using file = await QueueFile.make();
  const id = await push(file, "-c", "echo why >&2; exit 3", "--num-retries", "1", "--retry-delay", "0");
  await run(file);
  const status = await statusOf(file, id);
  assertEquals([status.state, status.error, status.exit_code, status.attempts], [
    "failed",
    "exit code 3",
    3,
    2,
  ]);
  assertEquals(
    status.history.map(({ number, outcome, error, exit_code, output }) => [
      number,
      outcome,
      error,
      exit_code,
      output,
    ]),
    [1, 2].map((number) => [number, "failed", "exit code 3", 3, "why"]),
  );
});

test("a function's arguments are in its record", async () => {
  await using file = await QueueFile.make();
  await using queue = await openQueue(file.path);
  const payload = { rate: 0.1 };
  const [id = ""] = await queue.enqueue([{ task: { kind: "function", name: "train", payload } }]);
  const status = await statusOf(file, id);
  assertEquals([status.function, status.payload], ["train", payload]);
});

test("jobs run in the order of priority, then of age", async () => {
  await using file = await QueueFile.make();
  const log = file.directory.join("order");
  for (const [name, priority] of [["c", "0"], ["a", "9"], ["d", "0"], ["b", "9"], ["e", "-1"]] as const) {
    await push(file, "-c", `echo ${name} >> ${log}`, "--priority", priority);
  }
  await run(file);
  assertEquals(await Deno.readTextFile(log), "a\nb\nc\nd\ne\n");
});

test("a cancelled job is not run, and a finished one cannot be cancelled", async () => {
  await using file = await QueueFile.make();
  const id = await push(file, "-c", `touch ${file.directory.join("ran")}`);
  assertEquals((await file.jobq(["cancel", id])).code, 0);
  await run(file);
  assertEquals((await statusOf(file, id)).state, "cancelled");
  assertEquals(await Deno.stat(file.directory.join("ran")).catch(() => undefined), undefined);
  const again = await file.jobq(["cancel", id]);
  assertEquals([again.code, again.stderr.includes("is cancelled already")], [2, true]);
});

test("a requeued job begins anew and keeps its history", async () => {
  await using file = await QueueFile.make();
  const fixed = file.directory.join("fixed");
  const id = await push(file, "-c", `test -e ${fixed}`);
  await run(file);
  assertEquals((await file.jobq(["requeue", id])).code, 0);
  const { state, attempts, error } = await statusOf(file, id);
  assertEquals([state, attempts, error], ["pending", 0, undefined]);
  await Deno.writeTextFile(fixed, "");
  await run(file);
  const { history, ...done } = await statusOf(file, id);
  assertEquals([done.state, done.attempts], ["completed", 1]);
  assertEquals(history.map(({ outcome }) => outcome), ["failed", "completed"]);
});

test("prune removes what finished before a date, completed and cancelled by default", async () => {
  await using file = await QueueFile.make();
  for (const command of ["true", "false"]) await push(file, "-c", command);
  await run(file);
  await file.jobq(["cancel", await push(file, "-c", "true")]);
  await push(file, "-c", "true");
  const prune = (...words: readonly string[]) => file.jobq(["prune", "--yes", ...words]);

  await prune("--before", "2026-01-01");
  const { completed, failed, cancelled, ready } = await countsOf(file);
  assertEquals([completed, failed, cancelled, ready], [1, 1, 1, 1]);

  const { code, stderr } = await prune("--before", "2999-01-01");
  assertEquals([code, stderr.includes("removed 2 jobs")], [0, true]);
  const left = await countsOf(file);
  assertEquals([left.completed, left.failed, left.cancelled, left.ready], [0, 1, 0, 1]);
});

test("stats count every state, those without jobs too", async () => {
  await using file = await QueueFile.with("true", "false");
  await run(file, "--max-consecutive-failures", "none");
  await push(file, "-c", "true");
  assertEquals(await countsOf(file), {
    blocked: 0,
    ready: 1,
    delayed: 0,
    running: 0,
    completed: 1,
    failed: 1,
    timeout: 0,
    cancelled: 0,
  });
});
