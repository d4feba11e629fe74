import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

/** The worker leaves with the first refusal. */
const ONCE = { JOBQ_GATE_MAX_NOT_QUALIFIED: "1" };
/** Refused jobs come back soon. */
const QUICK = { JOBQ_GATE_REQUEUE_DELAY_S: "0.05" };

test("a job with a gate that passes runs", async () => {
  await using queue = await QueueFile.make();
  const pushed = await queue.jobq([
    "push",
    "--gate-cmd",
    'test "$WANTED" = yes',
    "-e",
    "WANTED=yes",
    "-c",
    "echo ran",
  ]);
  assertEquals([pushed.code, pushed.stderr], [0, ""]);
  const { code, stdout } = await queue.process(["worker"]);
  assertEquals([code, stdout], [0, "ran\n"]);
});

test("a job with a gate that refuses is not run, and stays on the queue with its attempts", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--gate-cmd", "echo no GPU here; exit 3", "-c", "echo ran"]);
  const { code, stdout, stderr } = await queue.process(["worker"], { env: ONCE });
  assertEquals([code, stdout], [0, ""]);
  assertMatch(stderr, /job 1-\w+ is not for this worker: its gate refused it .*exit code 3/);
  assert(!stderr.includes("no GPU"), stderr);
  const [job] = JSON.parse(`[${(await queue.jobq(["status", "1", "--json"])).stdout}]`);
  assertEquals([job.state, job.attempts, job.gate_cmd, job.refusals.length, job.refusals[0].reason], [
    "pending",
    0,
    "echo no GPU here; exit 3",
    1,
    "exit code 3: no GPU here",
  ]);
});

test("a gate comes with a JSON line, too", async () => {
  await using queue = await QueueFile.make();
  const stdin = '{"cmd": "echo a", "gate_cmd": "false"}\n{"cmd": "echo b", "gate_cmd": null}\n';
  assertEquals((await queue.jobq(["push", "--gate-cmd", "true"], { stdin })).code, 0);
  assertEquals((await queue.jobs()).map(({ gateCmd }) => gateCmd), ["false", undefined]);
});

test("what a gate prints is seen with -v", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--gate-cmd", "echo no GPU here; exit 3", "-c", "echo ran"]);
  const { stdout, stderr } = await queue.process(["worker", "-v"], { env: ONCE });
  assertEquals(stdout, "");
  assertMatch(stderr, /gate [0-9a-f]{12} printed: no GPU here/);
});

test("why and status say on which worker the gate refused a job", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--gate-cmd", "exit 3", "-c", "echo ran"]);
  await queue.process(["worker"], { env: ONCE });
  assertMatch(
    (await queue.jobq(["why", "1"])).stdout,
    /^1-\w+ waits until .* for another worker: its gate refused it on worker-\w+ \(.+\); the last time: exit code 3\n$/,
  );
  const { stdout } = await queue.jobq(["status", "1"]);
  assertMatch(stdout, /\n {2}gate +exit 3\n/);
  assertMatch(stdout, /\n {2}refused on +worker-\w+ \(.+\), last at .*: exit code 3\n/);
  assertMatch(stdout, /\n1 +worker-\w+ .* gated +exit code 3/);
});

test("why says it of a job that is ready again, too", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--gate-cmd", "exit 3", "-c", "echo ran"]);
  await queue.process(["worker"], {
    env: { JOBQ_GATE_REQUEUE_DELAY_S: "0", JOBQ_GATE_MAX_NOT_QUALIFIED: "2" },
  });
  assertMatch(
    (await queue.jobq(["why", "1"])).stdout,
    /^1-\w+ is next, and no worker is on this queue; its gate refused it on worker-\w+ \(.+\); the last time: exit code 3\n$/,
  );
});

test("a worker that gates refuse too often leaves with 0 and says so", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--gate-cmd", "false", "-c", "echo ran"]);
  const env = { ...QUICK, JOBQ_GATE_MAX_NOT_QUALIFIED: "5" };
  const { code, stderr } = await queue.process(["worker", "--idle-timeout", "1m"], { env });
  assertEquals(code, 0);
  assertMatch(stderr, /the gates of 5 jobs in a row refused this worker; leaving/);
  assertMatch(stderr, /leaving: the gates of the jobs do not let this worker run them/);
});

test("a worker does not leave while a job that it was refused is to come back", async () => {
  await using queue = await QueueFile.make();
  const mark = queue.directory.join("mark");
  const gate = `test -e '${mark}' || { touch '${mark}'; exit 1; }`;
  await queue.jobq(["push", "--gate-cmd", gate, "-c", "echo ran"]);
  const env = { JOBQ_GATE_REQUEUE_DELAY_S: "0.3", JOBQ_GATE_NEGATIVE_TTL_S: "0" };
  const { code, stdout } = await queue.process(["worker"], { env });
  assertEquals([code, stdout], [0, "ran\n"]);
});

test("pull takes the next job whose gate lets it run", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--gate-cmd", "false", "-c", "echo refused"]);
  await queue.pushed("echo first", "echo second");
  const { code, stdout } = await queue.process(["pull"]);
  assertEquals([code, stdout], [0, "first\n"]);
  assertEquals(await queue.look(async (opened) => (await opened.counts()).unfinished), 2);
});

test("run waits until the gate of its job passes", async () => {
  await using queue = await QueueFile.make();
  const mark = queue.directory.join("mark");
  const gate = `test -e '${mark}' || { touch '${mark}'; exit 1; }`;
  const words = ["run", "--gate-cmd", gate, "--", "echo", "ran"];
  const { code, stdout, stderr } = await queue.process(words, { env: QUICK });
  assertEquals([code, stdout], [0, "ran\n"]);
  assertMatch(stderr, /the gate of job 1-\w+ refuses it here \(exit code 1\): waiting for it to pass/);
});

for (
  const [name, value] of [
    ["JOBQ_GATE_TIMEOUT_S", "soon"],
    ["JOBQ_GATE_TIMEOUT_S", "0"],
    ["JOBQ_GATE_REQUEUE_DELAY_S", "-1"],
    ["JOBQ_GATE_CACHE_SIZE", "1.5"],
    ["JOBQ_GATE_NEGATIVE_TTL_S", "1m"],
    ["JOBQ_GATE_MAX_NOT_QUALIFIED", "0"],
    ["AMLT_DIRSYNC_FREQ", "often"],
    ["AMLT_DIRSYNC_N_THREADS", "0"],
    ["AMLT_DELETE_AFTER_COPY", "perhaps"],
  ] as const
) {
  test(`a worker refuses ${value} in ${name} before it takes a job`, async () => {
    await using queue = await QueueFile.with("echo ran");
    for (const words of [["worker"], ["pull"], ["run", "--", "true"]]) {
      const { code, stdout, stderr } = await queue.jobq(words, { env: { [name]: value } });
      assertEquals([code, stdout], [2, ""]);
      assertMatch(stderr, new RegExp(`^error: Cannot use \\$${name}: `));
    }
    assertEquals(await queue.commands(), ["echo ran"]);
  });
}

for (
  const [what, gate] of [["an empty gate", " "], ["a gate with a NUL byte", "a\0b"], [
    "a gate that is too long",
    "x".repeat(200_000),
  ]] as const
) {
  test(`${what} is refused at the push`, async () => {
    await using queue = await QueueFile.make();
    const { code, stderr } = await queue.jobq(["push", "--gate-cmd", gate, "-c", "true"]);
    assertEquals(code, 2);
    assertMatch(stderr, /^error: Cannot /);
    const lines = await queue.jobq(["push"], {
      stdin: `${JSON.stringify({ cmd: "true", gate_cmd: gate })}\n`,
    });
    assertEquals(lines.code, 2);
  });
}

test("--gate-reschedule is idle on a queue that can delay what is given back, and says so", async () => {
  await using queue = await QueueFile.make();
  const { code, stderr } = await queue.jobq(["worker", "--gate-reschedule"]);
  assertEquals(code, 0);
  assertMatch(stderr, /--gate-reschedule has no effect/);
});
