import type { Outcome } from "../../src/core/outcome.ts";
import { silentLogger } from "../../src/log/logger.ts";
import { discardOutput, type OutputFactory, type OutputOf } from "../../src/runner/output.ts";
import { processRunner } from "../../src/runner/process_runner.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { jobOf, runJob } from "../support/run_job.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";

function assertFailed(outcome: Outcome): Extract<Outcome, { kind: "failed" }> {
  assert(outcome.kind === "failed", `expected a failure, got ${outcome.kind}`);
  return outcome;
}

test("a shell command that exits with 0 succeeds, and what it prints arrives", async () => {
  const { outcome, stdout, stderr } = await runJob(jobOf("echo out; echo err >&2"));
  assertEquals(outcome.kind, "succeeded");
  assertEquals([stdout, stderr], ["out\n", "err\n"]);
});

test("an argument vector runs without a shell", async () => {
  const { stdout } = await runJob(
    jobOf({ kind: "argv", argv: ["printf", "%s|", "a b", "$HOME", "*", "--", "'"] }),
  );
  assertEquals(stdout, "a b|$HOME|*|--|'|");
});

test("a program whose name holds = is not taken for an assignment", async () => {
  await using dir = await TempDir.make();
  await Deno.writeTextFile(dir.join("a=b"), "#!/bin/sh\necho ran\n", { mode: 0o755 });
  const { stdout } = await runJob(jobOf({ kind: "argv", argv: [dir.join("a=b")] }));
  assertEquals(stdout, "ran\n");
});

test("a program that does not exist fails with 127", async () => {
  const outcome = assertFailed((await runJob(jobOf({ kind: "argv", argv: ["no-such-program"] }))).outcome);
  assertEquals(outcome.exitCode, 127);
  assertMatch(outcome.error, /command not found/);
});

test("an exit code fails the job, with the code and the last lines", async () => {
  const outcome = assertFailed((await runJob(jobOf("echo first; echo last >&2; exit 137"))).outcome);
  assertEquals([outcome.exitCode, outcome.signal, outcome.retryable], [137, undefined, true]);
  assertMatch(outcome.output ?? "", /first\nlast|last\nfirst/);
});

test("a success tells the last lines, too", async () => {
  const { outcome } = await runJob(jobOf("seq 100"));
  assert(outcome.kind === "succeeded");
  assertEquals(outcome.output, Array.from({ length: 20 }, (_, line) => line + 81).join("\n"));
});

test("an output is made for each execution, and told which one it is", async () => {
  const made: OutputOf[] = [];
  const output: OutputFactory = (of) => {
    made.push(of);
    return discardOutput(of);
  };
  await using runner = processRunner({ output });
  const job = jobOf("true", { executions: 3 });
  const { signal } = new AbortController();
  await runner.run(job, { signal, kill: signal, log: silentLogger, slot: 2, execution: 3, env: {} });
  assertEquals(made, [{ id: job.id, slot: 2, execution: 3 }]);
});

test("a signal fails the job by its name", async () => {
  const outcome = assertFailed((await runJob(jobOf("kill -SEGV $$"))).outcome);
  assertEquals([outcome.exitCode, outcome.signal], [undefined, "SIGSEGV"]);
});

test("a job that closes its own output succeeds", async () => {
  const { outcome, stdout } = await runJob(jobOf("echo before; exec >&- 2>&-; sleep 0.05; true"));
  assertEquals([outcome.kind, stdout], ["succeeded", "before\n"]);
});

test("a job leads a session and a process group of its own", async () => {
  const { stdout } = await runJob(jobOf("echo $$; ps -o pid=,pgid=,sid= -p $$"));
  const [pid, ...ids] = stdout.trim().split(/\s+/);
  assertEquals(ids, [pid, pid, pid].map(String));
});

test("standard input is empty", async () => {
  const { stdout } = await runJob(jobOf("cat; echo end"));
  assertEquals(stdout, "end\n");
});

test("the job's environment is the worker's, with its own and what jobq tells it", async () => {
  const { stdout } = await runJob(
    jobOf('echo "$KEPT $OWN $JOBQ_JOB_ID $PYTHONUNBUFFERED"', {
      env: { OWN: "mine", JOBQ_JOB_ID: "forged" },
    }),
    { env: { PATH: Deno.env.get("PATH") ?? "", KEPT: "kept", OWN: "worker's" } },
  );
  assertEquals(stdout, "kept mine 7-abcdef 1\n");
});

test("PYTHONUNBUFFERED is left as it is when it is set", async () => {
  const { stdout } = await runJob(jobOf('echo "[$PYTHONUNBUFFERED]"', { env: { PYTHONUNBUFFERED: "" } }));
  assertEquals(stdout, "[]\n");
});

test("a job runs in its working directory", async () => {
  await using dir = await TempDir.make();
  const { stdout } = await runJob(jobOf("pwd -P", { cwd: dir.path }));
  assertEquals(stdout.trim(), await Deno.realPath(dir.path));
});

test("a working directory that does not exist fails the job and is named", async () => {
  const outcome = assertFailed((await runJob(jobOf("true", { cwd: "/no/such/directory" }))).outcome);
  assertMatch(outcome.error, /working directory "\/no\/such\/directory" does not exist/);
});

test("an environment too large for the system fails the job with a reason", async () => {
  const env = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`BIG_${i}`, "x".repeat(100_000)]));
  const outcome = assertFailed((await runJob(jobOf("true", { env }))).outcome);
  assertMatch(outcome.error, /cannot be started: .*Argument list too long/);
});

test("a function job is refused with a reason", async () => {
  const outcome = assertFailed((await runJob(jobOf({ kind: "function", name: "f", payload: 1 }))).outcome);
  assertMatch(outcome.error, /"f" is a function/);
});

test("a machine without processes is not the job's fault", async () => {
  const script = `
    import { processRunner } from ${
    JSON.stringify(new URL("../../src/runner/process_runner.ts", import.meta.url).href)
  };
    await using runner = processRunner();
    const never = new AbortController().signal;
    const job = { task: { kind: "shell", command: "true" }, env: {}, id: "1-a", attempts: 0, maxAttempts: 1 };
    const error = await runner.run(job, { signal: never, kill: never, slot: 0, env: {} }).catch((error) => error);
    await Deno.stdout.write(new TextEncoder().encode(error.name + ": " + error.message));
    Deno.exit(0);
  `;
  await using dir = await TempDir.make();
  await Deno.writeTextFile(dir.join("script.js"), script);
  // Open files are the limit that can be set for root as for anybody else.
  const command = 'ulimit -n "$LIMIT"; exec "$DENO" run -A --quiet "$SCRIPT"';
  for (let limit = 40; limit >= 10; limit -= 2) {
    const { stdout } = await new Deno.Command("bash", {
      args: ["-c", command],
      env: { LIMIT: String(limit), DENO: Deno.execPath(), SCRIPT: dir.join("script.js") },
      stderr: "null",
    }).output();
    const text = new TextDecoder().decode(stdout);
    if (!/BackendError/.test(text)) continue;
    assertMatch(text, /BackendError: Cannot start processes on this machine: .*Too many open files/);
    return;
  }
  throw new Error("no limit kept the runner from starting processes while it let Deno start");
});
