import type { Job, Task } from "../../src/core/job.ts";
import { BackendError } from "../../src/core/errors.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { jobOf, runJob as runAnyJob } from "../support/run_job.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";

/** Runs a job that has a terminal. */
const runJob = (task: Task | string, fields: Partial<Job> = {}) =>
  runAnyJob(jobOf(task, fields), { emulateTty: true });

test("with a terminal, both streams of a job are one, and the job's standard input is none and empty", async () => {
  const { outcome, stdout } = await runJob(
    "test -t 1 && test -t 2 && [ /proc/$$/fd/1 -ef /proc/$$/fd/2 ] && ! test -t 0 && cat && cat && echo end",
  );
  assertEquals([outcome.kind, stdout], ["succeeded", "end\n"]);
});

test("what a job prints to a terminal comes as its standard output, in order, byte for byte", async () => {
  const { stdout, stderr } = await runJob("printf 'a\\n'; printf 'b\\tc\\r' >&2; printf '\\004\\x1b[1m\\nd'");
  assertEquals([stdout, stderr], ["a\nb\tc\r\x04\x1b[1m\nd", ""]);
});

test("all of what a job prints to a terminal comes, though it ends at once", async () => {
  const expected = Array.from({ length: 30_000 }, (_, line) => `${line + 1}\n`).join("");
  for (let round = 0; round < 5; round++) {
    const { stdout } = await runJob("seq 30000");
    assertEquals(stdout.length, expected.length);
    assertEquals(stdout, expected);
  }
});

test("the last lines of a job with a terminal are kept as one would see them", async () => {
  const { outcome } = await runJob("printf 'one\\ntwo\\rTWO\\n\\x1b[31mthree\\x1b[m\\n'; exit 3");
  assert(outcome.kind === "failed");
  assertEquals(outcome.output, "one\nTWO\nthree");
});

const ENDS = [
  "exit 0",
  "exit 3",
  "exit 126",
  "exit 127",
  "exit 137",
  "exit 255",
  "no-such-program",
  "kill -9 $$",
  "kill -SEGV $$",
  "kill -TERM $$",
  "exec 2> /dev/null; bash -c 'kill -9 $$'; exit $?",
  "echo 7 > $JOBQ_RESULT",
];
for (const command of ENDS) {
  test(`"${command}" comes to the same with a terminal as without`, async () => {
    const [{ outcome }, { outcome: expected }] = [await runJob(command), await runAnyJob(jobOf(command))];
    assertEquals(outcome, expected);
  });
}

const ARGUMENTS = ["", " ", "a b", "$HOME", "`id`", "*", "--", "-c", "'", '"', "\\", "line\nline", "ä", "!"];

test("an argument vector reaches the program on a terminal as it is", async () => {
  const { stdout } = await runJob({ kind: "argv", argv: ["printf", "[%s]", ...ARGUMENTS] });
  assertEquals(stdout, ARGUMENTS.map((argument) => `[${argument}]`).join(""));
});

for (const name of ["a=b", "-x", "with space"]) {
  test(`a program named "${name}" is found on a terminal`, async () => {
    await using dir = await TempDir.make();
    await Deno.writeTextFile(dir.join(name), "#!/bin/sh\necho ran\n", { mode: 0o755 });
    const PATH = `${dir.path}:/usr/bin:/bin`;
    assertEquals((await runJob({ kind: "argv", argv: [name] }, { env: { PATH } })).stdout, "ran\n");
  });
}

test("a program that does not exist fails with 127 on a terminal, and says so there", async () => {
  const { outcome } = await runJob({ kind: "argv", argv: ["no-such-program"] });
  assert(outcome.kind === "failed" && outcome.exitCode === 127);
  assertMatch(outcome.output ?? "", /no-such-program/);
});

test("a terminal has 24 lines of 80 columns", async () => {
  assertEquals((await runJob("stty size <&1")).stdout, "24 80\n");
});

test("a job with a terminal is told what it is and to use no pager, unless it is told something else", async () => {
  const show = 'echo "$TERM $PAGER"';
  const PATH = Deno.env.get("PATH") ?? "";
  const { stdout: usual } = await runAnyJob(jobOf(show), { emulateTty: true, env: { PATH } });
  const { stdout: own } = await runAnyJob(jobOf(show, { env: { PAGER: "less" } }), {
    emulateTty: true,
    env: { PATH, TERM: "vt100" },
  });
  assertEquals([usual, own], ["xterm cat\n", "vt100 less\n"]);
});

test("the rest of a job's environment is the same with a terminal as without", async () => {
  const env = {
    SHELL: "/bin/own",
    "odd.name": "1",
    "BASH_FUNC_f%%": "() { echo f; }",
    EMPTY: "",
    NL: "a\nb",
  };
  const show = 'f; env -0 | sort -z | tr "\\0\\n" "\\n~" | grep -vE "^(JOBQ_|_=)"';
  const same = { env: { PATH: Deno.env.get("PATH") ?? "", TERM: "xterm", PAGER: "cat" } };
  const { stdout: expected } = await runAnyJob(jobOf(show, { env }), same);
  const { stdout } = await runAnyJob(jobOf(show, { env }), { ...same, emulateTty: true });
  assertMatch(stdout, /^f\n[^]*^SHELL=\/bin\/own$/m);
  assertEquals(stdout, expected);
});

test("what $BASH_ENV names runs once on a terminal, and not for a program without a shell", async () => {
  await using dir = await TempDir.make();
  await Deno.writeTextFile(dir.join("rc"), `echo rc >> ${dir.join("log")}`);
  const env = { BASH_ENV: dir.join("rc") };
  await runJob("true", { env });
  await runJob({ kind: "argv", argv: ["true"] }, { env });
  assertEquals(await Deno.readTextFile(dir.join("log")), "rc\n");
});

test("a job with a terminal leads a session and a process group of its own", async () => {
  const { stdout } = await runJob("echo $$; ps -o pid=,pgid=,sid= -p $$");
  const [pid, ...ids] = stdout.trim().split(/\s+/);
  assertEquals(ids, [pid, pid, pid].map(String));
});

test("with a terminal, a working directory that does not exist fails the job and is named", async () => {
  const { outcome } = await runJob("true", { cwd: "/no/such/directory" });
  assert(outcome.kind === "failed");
  assertMatch(outcome.error, /working directory "\/no\/such\/directory" does not exist/);
});

test("several jobs have a terminal each", async () => {
  const each = await Promise.all(
    Array.from({ length: 5 }, () => runJob("readlink /proc/$$/fd/1; sleep 0.3")),
  );
  const terminals = each.map(({ stdout }) => stdout);
  assertEquals(new Set(terminals).size, 5);
  for (const terminal of terminals) assertMatch(terminal, /^\/dev\/pts\/\d+\n$/);
});

test("a machine without terminals is not the job's fault", async () => {
  await using dir = await TempDir.make();
  const script = "#!/bin/sh\necho 'script: failed to create pseudo-terminal' >&2\nexit 1\n";
  await Deno.writeTextFile(dir.join("script"), script, { mode: 0o755 });
  const error = await assertRejects(
    runAnyJob(jobOf("true"), { emulateTty: true, env: { PATH: `${dir.path}:/usr/bin:/bin` } }),
    BackendError,
  );
  assertEquals(
    error.message,
    "Cannot make a terminal for a job: script: failed to create pseudo-terminal",
  );
});
