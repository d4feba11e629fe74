import { type Clock, systemClock } from "../../src/core/clock.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { isAlive, jobOf, type RunJobOptions, startJob } from "../support/run_job.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

/** Starts a command that has a terminal. */
const start = (command: string, options: RunJobOptions = {}) =>
  startJob(jobOf(command), { emulateTty: true, ...options });

/** A clock on which the 5 s that children may go on printing pass in a moment. */
const hurried: Clock = {
  now: systemClock.now,
  sleep: (ms, signal) => systemClock.sleep(ms === 5_000 ? 300 : ms, signal),
};

/** A process that was sent KILL is still there for a moment. */
const untilDead = (pid: string) =>
  waitUntil(async () => !await isAlive(pid), { what: `the end of process ${pid}` });

/** Prints the process that keeps the job's terminal, which is the only one of the terminal's own session. */
const HOLDER = 'echo holder $(ps -o pid= -t "$(readlink /proc/$$/fd/1)");';
const LOOP = "while :; do sleep 0.05; done";

test("a stopped job with a terminal gets TERM, and what it prints then still comes", async () => {
  const job = start(`trap 'echo saving; exit 0' TERM; echo ready; ${LOOP}`);
  await job.untilPrinted(/ready/);
  job.stop();
  assertEquals((await job.outcome).kind, "interrupted");
  assertMatch(job.printed().stdout, /^ready\n(Terminated\n)?saving\n$/);
});

test("a job with a terminal that is over its time is stopped and timed out, with its last lines", async () => {
  const job = start("echo ready; exec sleep 100");
  await job.untilPrinted(/ready/);
  job.stop({ kind: "timed-out", timeoutMs: 50 });
  assertEquals(await job.outcome, { kind: "timed-out", timeoutMs: 50, output: "ready" });
});

test("no hangup ends what a shell started on a terminal when the shell dies of TERM", async () => {
  await using dir = await TempDir.make();
  await Deno.writeTextFile(
    dir.join("saver"),
    `trap 'echo hung up' HUP; trap 'sleep 0.4; echo saved; exit' TERM; echo up; ${LOOP}`,
  );
  const job = start(`bash ${dir.join("saver")}; echo never`);
  await job.untilPrinted(/up/);
  job.stop();
  const outcome = await job.outcome;
  assert(outcome.kind === "interrupted");
  assertMatch(job.printed().stdout, /^up\n(Terminated\n)?saved\n$/);
});

test("a grandchild that ignores TERM and HUP is killed with its job after the grace time", async () => {
  const grandchild = `bash -c 'trap "" TERM HUP; echo grandchild $$; ${LOOP}'`;
  const job = start(`${HOLDER} bash -c "${grandchild.replaceAll(/["$]/g, "\\$&")} & wait" & wait`, {
    killTimeoutMs: 200,
  });
  const holder = await job.untilPrinted(/holder (\d+)/);
  const pid = await job.untilPrinted(/grandchild (\d+)/);
  job.stop({ kind: "cancelled" });
  assertEquals((await job.outcome).kind, "cancelled");
  await Promise.all([pid, holder].map(untilDead));
});

test("kill does not wait for the grace time of a job with a terminal", async () => {
  const job = start(`trap '' TERM; echo ready; ${LOOP}`, { killTimeoutMs: 600_000 });
  await job.untilPrinted(/ready/);
  job.stop();
  job.kill();
  assertEquals((await job.outcome).kind, "interrupted");
});

test("a child that outlives its job may print to the terminal for 5 s, and is then killed", async () => {
  const job = start("(trap '' HUP; sleep 0.05; echo late; exec sleep 100) & echo $!", { clock: hurried });
  assertEquals((await job.outcome).kind, "succeeded");
  const [pid = "", late] = job.printed().stdout.trim().split("\n");
  assertEquals(late, "late");
  await untilDead(pid);
});

test("what a job printed to the terminal still comes after its end, to somebody who reads late", async () => {
  let text = "";
  const late = systemClock.sleep(1_000);
  const write = async (bytes: Uint8Array) => {
    text += new TextDecoder().decode(bytes);
    await late;
  };
  const job = start("seq 5000", { record: { write, close: () => Promise.resolve() } });
  assertEquals((await job.outcome).kind, "succeeded");
  assertMatch(text, /^1\n[^]*\n5000\n$/);
});

test("a daemon that never stops printing to the terminal does not hold the job", async () => {
  const job = start("echo first; setsid yes & echo $! > $JOBQ_RESULT", { clock: hurried });
  const outcome = await job.outcome;
  assert(outcome.kind === "succeeded");
  assertMatch(job.printed().stdout, /^first\n/);
  await untilDead(String(outcome.result));
});

test("a job with a terminal that leaves nothing behind is not waited for", async () => {
  const job = start("echo $$");
  const pid = await job.untilPrinted(/\d+/);
  await waitUntil(() => Deno.stat(`/proc/${pid}`).then(() => false, () => true));
  const endedAt = performance.now();
  assertEquals((await job.outcome).kind, "succeeded");
  assert(performance.now() - endedAt < 3_000, "it waited for something");
});

test("a job's terminal is gone when the job has ended", async () => {
  const job = start(HOLDER);
  assertEquals((await job.outcome).kind, "succeeded");
  const [, pid] = /^holder (\d+)\n$/.exec(job.printed().stdout) ?? [];
  assert(pid !== undefined && !await isAlive(pid), job.printed().stdout);
});
