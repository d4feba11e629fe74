import type { Clock } from "../../src/core/clock.ts";
import { systemClock } from "../../src/core/clock.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { isAlive, jobOf, startJob } from "../support/run_job.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

/** A clock on which the 5 s that children may hold a pipe pass in a moment. */
const hurried: Clock = {
  now: systemClock.now,
  sleep: (ms, signal) => systemClock.sleep(ms === 5_000 ? 100 : ms, signal),
};

/** A process that was sent KILL is still there for a moment. */
const untilDead = (pid: string) =>
  waitUntil(async () => !await isAlive(pid), { what: `the end of process ${pid}` });

test("a stopped job gets TERM and its outcome is interrupted, whatever its exit code", async () => {
  const job = startJob(jobOf("trap 'echo saving; exit 0' TERM; echo ready; while :; do sleep 0.05; done"));
  await job.untilPrinted(/ready/);
  job.stop();
  const outcome = await job.outcome;
  assert(outcome.kind === "interrupted");
  assertMatch(outcome.output ?? "", /^ready\n(.*\n)?saving$/);
  assertEquals(job.printed().stdout, "ready\nsaving\n");
});

test("a job over its time is stopped and timed out, with its last lines", async () => {
  const job = startJob(jobOf("echo ready; exec sleep 100"));
  await job.untilPrinted(/ready/);
  job.stop({ kind: "timed-out", timeoutMs: 50 });
  assertEquals(await job.outcome, { kind: "timed-out", timeoutMs: 50, output: "ready" });
});

test("a cancelled job is stopped with all of its group, and its outcome is cancelled, with its last lines", async () => {
  const job = startJob(jobOf("(trap '' TERM; echo child $BASHPID; while :; do sleep 0.05; done) & wait"), {
    killTimeoutMs: 200,
  });
  const child = await job.untilPrinted(/child (\d+)/);
  job.stop({ kind: "cancelled" });
  const outcome = await job.outcome;
  assert(outcome.kind === "cancelled");
  assertMatch(outcome.output ?? "", /^child \d+/);
  await untilDead(child);
});

test("a job that ignores TERM is killed after the grace time", async () => {
  const job = startJob(jobOf("trap '' TERM; echo $$ ready; while :; do sleep 0.05; done"), {
    killTimeoutMs: 200,
  });
  const pid = await job.untilPrinted(/(\d+) ready/);
  job.stop();
  assertEquals((await job.outcome).kind, "interrupted");
  await untilDead(pid);
});

test("kill does not wait for the grace time", async () => {
  const job = startJob(jobOf("trap '' TERM; echo ready; while :; do sleep 0.05; done"), {
    killTimeoutMs: 600_000,
  });
  await job.untilPrinted(/ready/);
  job.stop();
  job.kill();
  assertEquals((await job.outcome).kind, "interrupted");
});

test("what the shell started gets its grace time although the shell is gone at once", async () => {
  await using dir = await TempDir.make();
  const saver = `trap "sleep 0.4; echo saved > ${dir.join("saved")}; exit" TERM; echo up > ${
    dir.join("up")
  }; while :; do sleep 0.05; done`;
  const job = startJob(jobOf(`bash -c '${saver}' > ${dir.join("log")} 2>&1; echo never`));
  await waitUntil(async () => (await Deno.readTextFile(dir.join("up")).catch(() => "")) !== "");
  job.stop();
  assertEquals((await job.outcome).kind, "interrupted");
  assertEquals(await Deno.readTextFile(dir.join("saved")), "saved\n");
});

test("all of the group is killed, not only the first process", async () => {
  const job = startJob(jobOf("(trap '' TERM; echo child $BASHPID; while :; do sleep 0.05; done) & wait"), {
    killTimeoutMs: 200,
  });
  const child = await job.untilPrinted(/child (\d+)/);
  job.stop();
  await job.outcome;
  await untilDead(child);
});

test("a child that is left behind is killed with the job", async () => {
  const job = startJob(jobOf("sleep 100 > /dev/null 2>&1 & echo $!"));
  assertEquals((await job.outcome).kind, "succeeded");
  await untilDead(job.printed().stdout.trim());
});

test("a child that holds the pipes is given 5 s and then killed", async () => {
  const job = startJob(jobOf("(sleep 0.02; echo late; sleep 100) & echo $!"), { clock: hurried });
  assertEquals((await job.outcome).kind, "succeeded");
  const [pid = "", late] = job.printed().stdout.trim().split("\n");
  assertEquals(late, "late");
  await untilDead(pid);
});

test("a daemon in a session of its own that holds the pipes does not hold the job", async () => {
  const job = startJob(jobOf("setsid sleep 100 & echo $!"), { clock: hurried });
  assertEquals((await job.outcome).kind, "succeeded");
  const pid = Number(job.printed().stdout.trim());
  assert(await isAlive(pid), "it hid on purpose, so it was not to be killed");
  Deno.kill(pid, "SIGKILL");
});

test("a job that ended by itself before it was cancelled keeps its own outcome", async () => {
  const job = startJob(jobOf("sleep 100 & echo $$; exit 0"));
  const pid = await job.untilPrinted(/\d+/);
  await waitUntil(() => Deno.stat(`/proc/${pid}`).then(() => false, () => true));
  job.stop({ kind: "cancelled" });
  assertEquals((await job.outcome).kind, "succeeded");
});

test("a stop after the job's own end only hurries what it left behind", async () => {
  const job = startJob(jobOf("sleep 100 & echo $$; exit 3"));
  const pid = await job.untilPrinted(/\d+/);
  // Gone, and not only dead: the runner has seen it end.
  await waitUntil(() => Deno.stat(`/proc/${pid}`).then(() => false, () => true));
  const stoppedAt = performance.now();
  job.stop();
  const outcome = await job.outcome;
  assert(outcome.kind === "failed" && outcome.exitCode === 3);
  assert(performance.now() - stoppedAt < 4_000, "it waited for the pipes");
});
