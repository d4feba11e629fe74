import { BackendError } from "../../src/core/errors.ts";
import type { GateVerdict } from "../../src/worker/gate/gates.ts";
import { assert, assertBetween, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { GateBench } from "../support/gate_bench.ts";
import { isAlive } from "../support/run_job.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

function assertRefused(verdict: GateVerdict): Extract<GateVerdict, { kind: "refused" }> {
  assert(verdict.kind === "refused", `expected a refusal, got ${verdict.kind}`);
  return verdict;
}

test("a gate that exits with 0 lets the job in", async () => {
  await using bench = await GateBench.open();
  assertEquals(await bench.ask("exit 0"), { kind: "passed" });
});

test("a gate that exits with another code refuses, with the code and its last line", async () => {
  await using bench = await GateBench.open();
  const verdict = await bench.ask("echo first; echo 'no GPU here' >&2; echo; exit 3");
  assertEquals({ ...verdict, gate: undefined }, {
    kind: "refused",
    gate: undefined,
    reason: "exit code 3",
    lastLine: "no GPU here",
    cached: false,
  });
});

test("a refusal names its gate by the start of its SHA-256", async () => {
  await using bench = await GateBench.open();
  // printf false | sha256sum
  assertEquals(assertRefused(await bench.ask("false")).gate, "fcbcf165908d");
});

test("a gate that prints nothing refuses without a last line", async () => {
  await using bench = await GateBench.open();
  assertEquals(assertRefused(await bench.ask("exit 1")).lastLine, undefined);
});

test("a gate that dies of a signal refuses, with its name", async () => {
  await using bench = await GateBench.open();
  assertEquals(assertRefused(await bench.ask("kill -SEGV $$")).reason, "killed by SIGSEGV");
});

test("a gate whose program is not there refuses", async () => {
  await using bench = await GateBench.open();
  const { reason } = assertRefused(await bench.ask("no-such-program --check"));
  assertEquals(reason, "exit code 127 (command not found)");
});

test("a gate that runs too long is stopped and refuses, and that is kept", async () => {
  await using bench = await GateBench.open({ settings: { timeoutMs: 150 } });
  const gate = "echo x >> count; echo waiting; exec sleep 100";
  const { reason, lastLine } = assertRefused(await bench.ask(gate));
  assertEquals([reason, lastLine], ["took longer than 150ms", "waiting"]);
  assert(assertRefused(await bench.ask(gate)).cached);
  assertEquals(await bench.lines("count"), 1);
});

test("a gate that ignores TERM is killed when its time is over", async () => {
  await using bench = await GateBench.open({ settings: { timeoutMs: 150 }, killTimeoutMs: 150 });
  const verdict = await bench.ask("trap '' TERM; echo $$ > pid; while :; do sleep 0.02; done");
  assertEquals(assertRefused(verdict).reason, "took longer than 150ms");
  assert(!await isAlive(await bench.text("pid")));
});

test("a gate that answers TERM with 0 is refused all the same", async () => {
  await using bench = await GateBench.open({ settings: { timeoutMs: 300 } });
  const verdict = await bench.ask("trap 'exit 0' TERM; while :; do sleep 0.02; done");
  assertEquals(assertRefused(verdict).reason, "took longer than 300ms");
});

test("what a gate leaves in the background ends with it", async () => {
  await using bench = await GateBench.open();
  assertEquals((await bench.ask("sleep 1000 >/dev/null 2>&1 & echo $! > pid")).kind, "passed");
  const pid = await bench.text("pid");
  await waitUntil(async () => !await isAlive(pid), { what: `the end of process ${pid}` });
});

test("a working directory that is not on this machine is a refusal", async () => {
  await using bench = await GateBench.open();
  const { reason } = assertRefused(await bench.ask("true", { job: { cwd: "/no/such/directory" } }));
  assertMatch(reason, /working directory "\/no\/such\/directory" does not exist/);
});

test("a gate too long for the system is a refusal", async () => {
  await using bench = await GateBench.open();
  const { reason } = assertRefused(await bench.ask(`true ${"x".repeat(200_000)}`));
  assertMatch(reason, /cannot be started: .*Argument list too long/);
});

test("a machine that cannot start processes is not the gate's fault", async () => {
  await using bench = await GateBench.open();
  const before = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", bench.dir.join("missing"));
  try {
    const asked = [bench.ask("true"), bench.ask("true")];
    for (const ask of asked) {
      assertMatch((await assertRejects(ask, BackendError)).message, /Cannot start processes on this machine/);
    }
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
  }
  assertEquals((await bench.ask("true")).kind, "passed");
});

test("a gate sees the job's environment and what jobq tells the job", async () => {
  await using bench = await GateBench.open();
  const gate = 'echo "$OWN $JOBQ_JOB_ID ${PATH:+inherited}" > seen';
  await bench.ask(gate, {
    job: { env: { OWN: "mine", JOBQ_JOB_ID: "forged" } },
    env: { JOBQ_JOB_ID: "7-a" },
  });
  assertEquals(await bench.text("seen"), "mine 7-a inherited");
});

test("a gate runs in the job's working directory", async () => {
  await using bench = await GateBench.open();
  await bench.ask("pwd -P > seen");
  assertEquals(await bench.text("seen"), await Deno.realPath(bench.dir.path));
});

test("a gate's standard input is empty", async () => {
  await using bench = await GateBench.open();
  assertEquals(await bench.ask('cat; read -r line; [ -z "$line" ]'), { kind: "passed" });
});

test("a gate is run with bash", async () => {
  await using bench = await GateBench.open();
  assertEquals(await bench.ask("[[ -n $BASH_VERSION ]]"), { kind: "passed" });
});

test("a job that is a function has its gate asked like any other", async () => {
  await using bench = await GateBench.open();
  const task = { kind: "function", name: "f", payload: null } as const;
  assertEquals(await bench.ask("true", { task }), { kind: "passed" });
});

test("what a gate prints is in the debug log, with the gate's name before each line", async () => {
  await using bench = await GateBench.open();
  const { gate } = assertRefused(await bench.ask("echo one; echo two; exit 4"));
  assertEquals(bench.logged.map(({ level, message }) => `${level}: ${message}`), [
    `debug: gate ${gate} printed: one`,
    `debug: gate ${gate} printed: two`,
    `debug: gate ${gate} refused: exit code 4`,
  ]);
});

test("what a gate prints that passes is in the debug log as well", async () => {
  await using bench = await GateBench.open();
  await bench.ask("echo fine");
  assertMatch(
    bench.logged.map(({ message }) => message).join("\n"),
    /printed: fine\ngate [0-9a-f]{12} passed$/,
  );
});

test("of many lines the log has the last ones", async () => {
  await using bench = await GateBench.open();
  assertEquals(assertRefused(await bench.ask("seq 100000; exit 1")).lastLine, "100000");
  const printed = bench.logged.filter(({ message }) => / printed: /.test(message));
  assertEquals([printed.length, printed[0]?.message.endsWith(" 99981")], [20, true]);
});

test("a gate that prints 10 MB on one line is cut, in the log and in the refusal", async () => {
  await using bench = await GateBench.open();
  const { lastLine } = assertRefused(await bench.ask("head -c 10000000 /dev/zero | tr '\\0' x; exit 1"));
  assertEquals(lastLine, `${"x".repeat(199)}…`);
  assertBetween(bench.logged.map(({ message }) => message).join("").length, 200, 10_000);
});

test("a refusal's last line is plain text, and not cut within a character", async () => {
  await using bench = await GateBench.open();
  const { lastLine } = assertRefused(
    await bench.ask(`printf '\\e[31mred\\e[0m\\n'; printf '\\e[1m%s' '${"x".repeat(198)}🙂🙂'; exit 1`),
  );
  assertEquals(lastLine, `${"x".repeat(198)}…`);
});

test("neither a gate's command nor its job's environment comes into the log or the reason", async () => {
  await using bench = await GateBench.open();
  const reasons: string[] = [];
  const env = { TOKEN: "s3cret-env" };
  // The second is not valid, and bash then prints the whole of it.
  for (
    const gate of ["exit 1 # s3cret-cmd", "check 's3cret-cmd' (", "echo x > ran; exec sleep 100 # s3cret-cmd"]
  ) {
    const asking = bench.start(gate, { job: { env } });
    if (gate.includes("sleep")) {
      await bench.untilLines("ran");
      asking.stop();
    }
    const verdict = await asking.verdict;
    if (verdict.kind === "refused") reasons.push(verdict.reason);
  }
  assertEquals(reasons.length, 2);
  const printed = / printed: /;
  const log = bench.logged.filter(({ level, message }) => level !== "debug" || !printed.test(message));
  assertEquals(/s3cret/.test(JSON.stringify([reasons, log])), false);
});
