import { DatabaseSync } from "node:sqlite";
import { assertBetween, assertEquals, assertMatch } from "../support/assert.ts";
import { FakeIo } from "../support/fake_io.ts";
import { main } from "../../src/cli/main.ts";
import { commandOf } from "../support/jobs.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test, testWhere } from "../support/testing.ts";
import { findUnshare } from "../support/unshare.ts";
import { waitUntil } from "../support/wait_until.ts";

/** When the lease of the only job ends. */
function visibleAt(path: string): number {
  using database = new DatabaseSync(path, { readOnly: true });
  return Number(database.prepare("SELECT visible_at FROM jobs").get()?.visible_at);
}

test("worker runs all jobs, prints what they print on stdout and the rest on stderr", async () => {
  await using queue = await QueueFile.with("echo 1", "echo err >&2", "echo 3");
  const { code, stdout, stderr } = await queue.process(["worker"]);
  assertEquals([code, stdout], [0, "1\n3\n"]);
  assertMatch(stderr, /^err$/m);
  assertMatch(stderr, /leaving: the queue is empty completed=3 failed=0 cancelled=0 released=0 lost=0\n$/);
});

test("worker leaves an empty queue with 0", async () => {
  await using queue = await QueueFile.make();
  const { code, stdout, stderr } = await queue.jobq(["worker"]);
  assertEquals([code, stdout], [0, ""]);
  assertMatch(stderr, /leaving: the queue is empty/);
});

test("worker exits with 0 though some jobs failed", async () => {
  await using queue = await QueueFile.with("exit 1", "exit 1", "true");
  assertEquals((await queue.jobq(["worker", "--quiet"])).code, 0);
  const { failed, completed } = await queue.counts();
  assertEquals([failed, completed], [2, 1]);
});

test("worker exits with 6 on the third failure in a row, and says so", async () => {
  await using queue = await QueueFile.with("exit 1", "exit 1", "exit 1", "true");
  const { code, stderr } = await queue.process(["worker"]);
  assertEquals(code, 6);
  assertMatch(stderr, /failed 3 times in a row; leaving/);
  assertEquals(await queue.commands(), ["true"]);
});

test("worker --max-consecutive-failures 0 leaves at the first failure", async () => {
  await using queue = await QueueFile.with("exit 1", "true");
  assertEquals((await queue.jobq(["worker", "--quiet", "--max-consecutive-failures", "0"])).code, 6);
  assertEquals(await queue.commands(), ["true"]);
});

test("worker --max-consecutive-failures none goes on", async () => {
  await using queue = await QueueFile.with("exit 1", "exit 1", "exit 1", "exit 1", "true");
  assertEquals((await queue.jobq(["worker", "--quiet", "--max-consecutive-failures=none"])).code, 0);
  assertEquals((await queue.counts()).completed, 1);
});

test("worker --idle-timeout waits for further jobs", async () => {
  await using queue = await QueueFile.with();
  const fake = new FakeIo();
  const ended = main([queue.path, "worker", "--idle-timeout", "forever", "-v"], fake.io);
  await waitUntil(() => fake.stderr.text.includes("starts"));
  await queue.pushed("echo late");
  await waitUntil(() => fake.stdout.text === "late\n");
  fake.handlers.get("SIGUSR1")?.();
  assertEquals(await ended, 0);
});

test("worker --time-limit gives the running job back and exits with 0", async () => {
  await using queue = await QueueFile.with("exec sleep 60");
  const { code, stderr } = await queue.jobq(["worker", "--time-limit", "200ms"]);
  assertEquals(code, 0);
  assertMatch(stderr, /leaving: the time limit is reached .*released=1/);
  assertEquals((await queue.counts()).ready, 1);
});

test("worker -n 2 runs two jobs at the same time", async () => {
  // Each waits for what the other makes.
  await using queue = await QueueFile.make();
  const { path } = queue.directory;
  const meet = (own: string, other: string) =>
    `touch ${path}/${own}; for i in $(seq 1000); do [ -e ${path}/${other} ] && exit 0; sleep 0.01; done; exit 1`;
  await queue.pushed(meet("a", "b"), meet("b", "a"));
  assertEquals((await queue.jobq(["worker", "-n", "2", "--quiet"])).code, 0);
  assertEquals((await queue.counts()).completed, 2);
});

test("worker --visibility-timeout is the time of the lease", async () => {
  await using queue = await QueueFile.with("echo running; exec sleep 60");
  const fake = new FakeIo();
  const before = Date.now();
  const ended = main([queue.path, "worker", "--visibility-timeout", "1h"], fake.io);
  await waitUntil(() => fake.stdout.text === "running\n");
  const until = visibleAt(queue.path);
  assertBetween(until, before + 3_600_000, Date.now() + 3_600_000);
  fake.handlers.get("SIGINT")?.();
  await ended;
});

test("worker --keep-finished removes the records of all completed jobs but the last", async () => {
  await using queue = await QueueFile.with("echo 1", "echo 2", "echo 3");
  assertEquals((await queue.jobq(["worker", "--quiet", "--keep-finished", "1"])).code, 0);
  const left = await queue.look((handle) => handle.list());
  assertEquals(left.map(commandOf), ["echo 3"]);
});

test("worker --no-heartbeat lets a lease end while its job runs, and --heartbeat does not", async () => {
  for (const [flag, renewed] of [["--no-heartbeat", false], ["--heartbeat", true]] as const) {
    await using queue = await QueueFile.make();
    await queue.jobq([
      "push",
      "--cwd",
      queue.directory.path,
      "-c",
      "echo a; until [ -e go ]; do sleep 0.01; done",
    ]);
    const fake = new FakeIo();
    const ended = main([queue.path, "worker", "--visibility-timeout", "1s", flag], fake.io);
    await waitUntil(() => fake.stdout.text === "a\n");
    const until = visibleAt(queue.path);
    await waitUntil(() => Date.now() > until);
    assertEquals(visibleAt(queue.path) > until, renewed);
    await Deno.writeTextFile(queue.directory.join("go"), "");
    assertEquals(await ended, 0);
    assertEquals((await queue.counts()).completed, 1);
    assertEquals(/warn/i.test(fake.stderr.text), false);
  }
});

const SHOW = "test -t 1 && test -t 2 && ! test -t 0 && echo err >&2 && echo out";
for (const [command, flag] of [["worker", "--emulate-tty"], ["worker", "-t"], ["pull", "-t"]] as const) {
  test(`${command} ${flag} gives its jobs a terminal, whose lines come on stdout and in the log`, async () => {
    await using queue = await QueueFile.with(SHOW);
    assertEquals(await queue.jobq([command, flag, "--quiet"]), {
      code: 0,
      stdout: "err\nout\n",
      stderr: "",
    });
    assertEquals((await queue.jobq(["logs", "1"])).stdout, "err\nout\n");
  });
}

for (const flags of [[], ["-t"]]) {
  test(`the jobs of worker ${flags.join(" ")} do not read its standard input`, async () => {
    await using queue = await QueueFile.with("cat; echo end");
    const { code, stdout } = await queue.process(["worker", "--quiet", ...flags], { stdin: "typed\n" });
    assertEquals([code, stdout], [0, "end\n"]);
  });
}

test("worker without --emulate-tty gives its jobs no terminal", async () => {
  await using queue = await QueueFile.with("test -t 1 || test -t 2 || echo none");
  assertEquals((await queue.jobq(["worker", "--quiet"])).stdout, "none\n");
});

test("a worker whose jobs have terminals gives them back on SIGTERM", async () => {
  await using queue = await QueueFile.with("echo running; exec sleep 60");
  const fake = new FakeIo();
  const ended = main([queue.path, "worker", "-t"], fake.io);
  await waitUntil(() => fake.stdout.text === "running\n");
  fake.handlers.get("SIGTERM")?.();
  assertEquals(await ended, 143);
  assertEquals((await queue.counts()).ready, 1);
});

const unshare = await findUnshare();
testWhere(
  unshare.length > 0,
  "the right to mount",
  "worker --emulate-tty without script exits with 5 before it makes a queue, and says what to install",
  async () => {
    await using queue = await QueueFile.make();
    const hide = 'mount --bind /dev/null "$(readlink -f "$(command -v script)")" && exec "$@"';
    const through = [...unshare, "bash", "-c", hide, "bash"];
    const { code, stderr } = await queue.process(["worker", "-t"], { through });
    assertEquals([code, stderr], [
      5,
      "error: Cannot give jobs a terminal: script is not on this machine\n" +
      "hint: install util-linux (on Debian and Ubuntu: bsdutils), or do without --emulate-tty\n",
    ]);
    assertEquals([...Deno.readDirSync(queue.directory.path)], []);
    assertEquals((await queue.process(["worker"], { through })).code, 0);
  },
);

const ENDS = [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const;
for (const [signal, expected] of ENDS) {
  test(`worker gives its job back on ${signal} and exits with ${expected}`, async () => {
    await using queue = await QueueFile.with("echo running; exec sleep 60");
    const fake = new FakeIo();
    const ended = main([queue.path, "worker"], fake.io);
    await waitUntil(() => fake.stdout.text === "running\n");
    fake.handlers.get(signal)?.();
    assertEquals(await ended, expected);
    assertMatch(fake.stderr.text, /stopping the running jobs and giving them back; once more to kill them/);
    const { ready, failed } = await queue.counts();
    assertEquals([ready, failed], [1, 0]);
    assertEquals((await queue.jobs())[0]?.attempts, 0);
  });
}

test("worker kills a job that does not stop at the second SIGINT, and gives it back", async () => {
  await using queue = await QueueFile.with('trap "" TERM; echo running; while :; do sleep 0.05; done');
  const fake = new FakeIo();
  const ended = main([queue.path, "worker"], fake.io);
  await waitUntil(() => fake.stdout.text === "running\n");
  const before = Date.now();
  fake.handlers.get("SIGINT")?.();
  fake.handlers.get("SIGINT")?.();
  assertEquals(await ended, 130);
  assertBetween(Date.now() - before, 0, 20_000);
  assertMatch(fake.stderr.text, /killing the running jobs/);
  assertEquals((await queue.counts()).ready, 1);
});

test("worker finishes its job on SIGUSR1 and exits with 0", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq([
    "push",
    "--cwd",
    queue.directory.path,
    "-c",
    "echo a; until [ -e go ]; do sleep 0.01; done",
  ]);
  await queue.pushed("echo b");
  const fake = new FakeIo();
  const ended = main([queue.path, "worker"], fake.io);
  await waitUntil(() => fake.stdout.text === "a\n");
  fake.handlers.get("SIGUSR1")?.();
  await Deno.writeTextFile(queue.directory.join("go"), "");
  assertEquals([await ended, fake.stdout.text], [0, "a\n"]);
  assertMatch(fake.stderr.text, /leaving: drained completed=1/);
  assertEquals(await queue.commands(), ["echo b"]);
});

test("worker listens to no signal any more when it has ended", async () => {
  await using queue = await QueueFile.with("true");
  const fake = new FakeIo();
  await main([queue.path, "worker"], fake.io);
  assertEquals(fake.handlers.size, 0);
});

const BAD: Readonly<Record<string, RegExp>> = {
  "--num-workers 0": /Cannot use "0" for --num-workers: "0" is not a whole number of at least 1/,
  "--max-consecutive-failures -1": /Cannot use "-1" for --max-consecutive-failures/,
  "--time-limit 0": /Cannot use "0" for --time-limit: it must be longer than 0/,
  "--idle-timeout never": /Cannot use "never" for --idle-timeout: "never" is not a duration/,
  "--visibility-timeout 10ms":
    /Cannot use "10ms" for --visibility-timeout: it is too short.*\nhint: 1s is the least/,
  "--kill-timeout soon": /Cannot use "soon" for --kill-timeout/,
  "--max-log-size much":
    /Cannot use "much" for --max-log-size: "much" is not a size\nhint: write it like 64K/,
  "--keep-finished all": /Cannot use "all" for --keep-finished: "all" is not a duration/,
  "--log-format xml": /Cannot use "xml" for --log-format.*\nhint: one of text, json/,
  "job.sh": /Cannot use "job.sh": nothing is expected there/,
};
for (const [words, said] of Object.entries(BAD)) {
  test(`worker ${words} exits with 2 before anything is opened`, async () => {
    await using queue = await QueueFile.make();
    const { code, stderr } = await queue.jobq(["worker", ...words.split(" ")]);
    assertEquals(code, 2);
    assertMatch(stderr, said);
    assertEquals([...Deno.readDirSync(queue.directory.path)], []);
  });
}
