import { main } from "../../src/cli/main.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { FakeIo } from "../support/fake_io.ts";
import { JOBQ_WORDS, shell } from "../support/jobq.ts";
import { QueueFile } from "../support/queue_file.ts";
import { openAt } from "../support/sqlite.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { WorkerProcess } from "../support/worker_process.ts";

const CODES: readonly [command: string, code: number][] = [
  ["true", 0],
  ["exit 7", 7],
  ["kill -SEGV $$", 139],
  ["exit 255", 255],
];
for (const [command, expected] of CODES) {
  test(`run of "${command}" without a worker exits with ${expected}`, async () => {
    await using queue = await QueueFile.make();
    const { code, stdout, stderr } = await queue.process(["run", "--", "bash", "-c", command]);
    assertEquals([code, stdout], [expected, ""], stderr);
    assertMatch(stderr, /^job 1-\w+\nno worker is on this queue: running job 1-\w+ here\n/);
  });
}

test("run --emulate-tty gives the job a terminal when it runs it itself", async () => {
  await using queue = await QueueFile.make();
  const { code, stdout } = await queue.process(["run", "-t", "--quiet", "-c", "test -t 1 && exit 3"]);
  assertEquals([code, stdout], [3, ""]);
});

test("run passes on what the job prints, both streams, when it runs it itself", async () => {
  await using queue = await QueueFile.make();
  const { code, stdout, stderr } = await queue.process(["run", "--quiet", "-c", "echo out; echo err >&2"]);
  assertEquals([code, stdout, stderr], [0, "out\n", "err\n"]);
  assertEquals((await queue.jobq(["logs", "1"])).stdout.split("\n").toSorted(), ["", "err", "out"]);
});

test("run leaves the other jobs of the queue alone", async () => {
  await using queue = await QueueFile.with("echo other");
  const { stdout } = await queue.jobq(["run", "--quiet", "--", "echo", "a b"]);
  assertEquals([stdout, await queue.commands()], ["a b\n", ["echo other"]]);
});

test("run follows the job on a worker, and exits as it does", async () => {
  await using queue = await QueueFile.make();
  await using worker = new WorkerProcess(queue.path, ["--idle-timeout", "forever"]);
  await waitUntil(() =>
    queue.look(async (handle) => (await handle.workers.list()).length > 0).catch(() => false)
  );
  const { code, stdout, stderr } = await queue.process(["run", "-c", "echo out; exit 7"]);
  assertEquals([code, stdout], [7, "out\n"]);
  assertMatch(stderr, /^job 1-\w+\n$/);
  assertEquals(worker.output, "out\n");
});

test("run repeats the job here as often as it may", async () => {
  await using queue = await QueueFile.make();
  const retries = ["--num-retries=2", "--retry-delay=1ms"];
  const { code, stdout } = await queue.jobq(["run", ...retries, "-c", "echo $JOBQ_ATTEMPT; exit 3"]);
  assertEquals([code, stdout], [3, "1\n2\n3\n"]);
});

test("run exits with 124 when the job runs out of time", async () => {
  await using queue = await QueueFile.make();
  const { code, stderr } = await queue.jobq(["run", "--timeout=50ms", "--", "sleep", "60"]);
  assertEquals(code, 124);
  assertMatch(stderr, /error: Cannot finish job 1-\w+: it ran out of time: it ran longer than its 50 ms\n/);
});

test("run exits with 1 when the job cannot be started", async () => {
  await using queue = await QueueFile.make();
  const { code, stderr } = await queue.jobq(["run", "--cwd", queue.directory.join("none"), "-c", "true"]);
  assertEquals(code, 1);
  assertMatch(stderr, /error: Cannot finish job 1-\w+: it failed: the working directory ".*" does not exist/);
});

test("run exits with 1 and says so when somebody else cancels the job", async () => {
  await using queue = await QueueFile.make();
  const fake = new FakeIo();
  const ended = main([queue.path, "run", "--delay", "1h", "-c", "true"], fake.io);
  await waitUntil(() => fake.stderr.text.includes("job 1-"));
  await queue.jobq(["cancel", "1"]);
  assertEquals(await ended, 1);
  assertMatch(fake.stderr.text, /error: Cannot finish job 1-\w+: it was cancelled/);
});

test("run cancels the job when this machine cannot run it", async () => {
  await using queue = await QueueFile.make();
  const { code, stderr } = await queue.process(["run", "-c", "true"], {
    env: { TMPDIR: queue.directory.join("none") },
  });
  assertEquals(code, 5);
  assertMatch(stderr, /error: Cannot /);
  assertEquals((await queue.counts()).cancelled, 1);
});

for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`run cancels the job that it runs here on ${signal}, and exits with ${expected}`, async () => {
    await using queue = await QueueFile.make();
    const fake = new FakeIo();
    const ended = main([queue.path, "run", "-c", "echo running; exec sleep 60"], fake.io);
    await waitUntil(() => fake.stdout.text === "running\n");
    fake.handlers.get(signal)?.();
    assertEquals([await ended, fake.handlers.size], [expected, 0]);
    assertMatch(fake.stderr.text, /\ncancelling job 1-\w+; once more to leave at once\n/);
    const { state, error } = JSON.parse((await queue.jobq(["status", "1", "--json"])).stdout);
    assertEquals([state, error], ["cancelled", "its jobq run was interrupted"]);
  });
}

test("run cancels the job on its worker on SIGINT, and waits for its end", async () => {
  await using queue = await QueueFile.make();
  await using worker = new WorkerProcess(queue.path, ["--idle-timeout", "forever"]);
  await waitUntil(() =>
    queue.look(async (handle) => (await handle.workers.list()).length > 0).catch(() => false)
  );
  const fake = new FakeIo();
  const ended = main([queue.path, "run", "-c", "echo running; exec sleep 60"], fake.io);
  await waitUntil(() => fake.stdout.text === "running\n");
  fake.handlers.get("SIGINT")?.();
  assertEquals(await ended, 130);
  assertEquals((await queue.counts()).cancelled, 1);
  assert(worker.pid > 0);
});

test("a process that runs its job itself ends it on SIGINT", async () => {
  await using queue = await QueueFile.make();
  const script = `
    exec 3< <(${
    JOBQ_WORDS.join(" ")
  } ${queue.path} run -c 'echo running; exec sleep 60' & echo "$!"; wait "$!"; echo "code $?")
    read -r pid <&3; read -r said <&3
    kill -INT "$pid"
    echo "$said"; cat <&3`;
  const { stdout, stderr } = await shell(script);
  assertEquals(stdout, "running\ncode 130\n", stderr);
  assertEquals((await queue.counts()).cancelled, 1);
});

test("run waits for the parents of its job", async () => {
  await using queue = await QueueFile.with("echo parent");
  const fake = new FakeIo();
  const ended = main([queue.path, "run", "--after", "1", "-c", "echo child"], fake.io);
  await waitUntil(() => fake.stderr.text.includes("job 2-"));
  await queue.process(["pull", "--quiet"]);
  assertEquals([await ended, fake.stdout.text], [0, "child\n"]);
});

test("run says what it waits for", async () => {
  await using queue = await QueueFile.with("echo parent");
  const fake = new FakeIo();
  const ended = main([queue.path, "run", "--after", "1", "-c", "echo child"], fake.io);
  await waitUntil(() => /2-\w+ waits for 1-\w+ \(pending\) to complete\n/.test(fake.stderr.text));
  fake.handlers.get("SIGINT")?.();
  assertEquals(await ended, 130);
});

test("run does not take another run for a worker that it could wait for", async () => {
  await using queue = await QueueFile.make();
  const fake = new FakeIo();
  const long = main([queue.path, "run", "-c", "echo running; exec sleep 60"], fake.io);
  await waitUntil(() => fake.stdout.text === "running\n");
  assertEquals((await queue.jobq(["run", "--quiet", "-c", "echo short"])).stdout, "short\n");
  fake.handlers.get("SIGINT")?.();
  await long;
});

test("run --key follows the unfinished job that has the key", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--key", "k", "-c", "echo first"]);
  const { code, stdout, stderr } = await queue.jobq(["run", "--key", "k", "-c", "echo second"]);
  assertEquals([code, stdout], [0, "first\n"]);
  assertMatch(stderr, /^job 1-\w+, which is not finished, has the same key: following that\n/);
});

test("run runs the job itself as soon as the worker that it waited for is gone", async () => {
  await using queue = await QueueFile.make();
  await using handle = await openAt(queue.path);
  const presence = await handle.workers.register({ id: "w1", host: "node7", pid: 42, slots: 1 });
  const fake = new FakeIo();
  const ended = main([queue.path, "run", "-c", "echo out"], fake.io);
  await waitUntil(() => /1-\w+ is next, and 1 slot is free\n/.test(fake.stderr.text));
  await presence[Symbol.asyncDispose]();
  assertEquals([await ended, fake.stdout.text], [0, "out\n"]);
});

test("run refuses a bad $JOBQ_KILL_TIMEOUT before it pushes", async () => {
  await using queue = await QueueFile.make();
  assertEquals((await queue.jobq(["run", "-c", "true"], { env: { JOBQ_KILL_TIMEOUT: "soon" } })).code, 2);
  assertEquals([...Deno.readDirSync(queue.directory.path)], []);
});

const BAD: readonly [words: readonly string[], said: RegExp][] = [
  [[], /Cannot run nothing\nhint: write jobq run -- PROGRAM/],
  [["-c", "a", "-c", "b"], /Cannot run several commands/],
  [["-c", "a", "--", "b"], /both -c and a program after --/],
  [["--", ""], /Cannot push the job: the program's name is empty/],
];
for (const [words, said] of BAD) {
  test(`run ${words.join(" ")} exits with 2, and no queue is made`, async () => {
    await using queue = await QueueFile.make();
    const { code, stderr } = await queue.jobq(["run", ...words]);
    assertEquals(code, 2);
    assertMatch(stderr, said);
    assertEquals([...Deno.readDirSync(queue.directory.path)], []);
  });
}
