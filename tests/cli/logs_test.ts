import { main } from "../../src/cli/main.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { FakeIo } from "../support/fake_io.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { WorkerProcess } from "../support/worker_process.ts";

/** Waits in a job's command until the test makes the file. */
const until = (path: string, name: string) => `until [ -e ${path}/${name} ]; do sleep 0.01; done`;

test("logs prints what a job printed, byte for byte", async () => {
  await using queue = await QueueFile.with("printf 'a\\x00\\xff\\n\\x1b[31mb'");
  await queue.process(["worker", "--quiet"]);
  const { code, stdoutBytes, stderr } = await queue.process(["logs", "1"]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals([...stdoutBytes], [97, 0, 255, 10, 27, 91, 51, 49, 109, 98]);
});

test("logs prints both streams of a job on stdout", async () => {
  await using queue = await QueueFile.with("echo out; echo err >&2");
  await queue.process(["worker", "--quiet"]);
  const { stdout, stderr } = await queue.jobq(["logs", "1"]);
  assertEquals([stdout.split("\n").toSorted(), stderr], [["", "err", "out"], ""]);
});

test("logs prints the newest execution, or the one that is asked for", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--num-retries=1", "--retry-delay=1ms", "-c", "echo try $JOBQ_ATTEMPT; exit 1"]);
  await queue.process(["worker", "--quiet"]);
  assertEquals((await queue.jobq(["logs", "1"])).stdout, "try 2\n");
  assertEquals((await queue.jobq(["logs", "1", "--attempt", "1"])).stdout, "try 1\n");
});

test("logs of an execution that there is not exits with 2", async () => {
  await using queue = await QueueFile.with("true");
  await queue.process(["worker", "--quiet"]);
  const { code, stderr } = await queue.jobq(["logs", "1", "--attempt", "2"]);
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot show execution 2 of 1-\w+: there was 1 execution so far\nhint: jobq status 1-/);
});

test("logs of a job that has not started says so", async () => {
  await using queue = await QueueFile.with("true");
  const { code, stdout, stderr } = await queue.jobq(["logs", "1"]);
  assertEquals([code, stdout], [0, ""]);
  assertMatch(stderr, /^1-\w+ has not started yet\n$/);
});

test("logs of a job that printed nothing says so", async () => {
  await using queue = await QueueFile.with("true");
  await queue.process(["worker", "--quiet"]);
  const { code, stdout, stderr } = await queue.jobq(["logs", "1"]);
  assertEquals([code, stdout], [0, ""]);
  assertMatch(stderr, /^execution 1 of 1-\w+ has printed nothing\n$/);
});

test("logs prints the last lines of the record when the log is gone", async () => {
  await using queue = await QueueFile.with("echo a; echo b");
  await queue.process(["worker", "--quiet"]);
  await Deno.remove(`${queue.path}.d`, { recursive: true });
  const { code, stdout, stderr } = await queue.jobq(["logs", "1"]);
  assertEquals([code, stdout], [0, "a\nb\n"]);
  assertMatch(stderr, /^the log of execution 1 of 1-\w+ is not there; these are its last lines\n$/);
});

test("logs says how much of a long output was dropped", async () => {
  await using queue = await QueueFile.with("seq 100000");
  await queue.process(["worker", "--quiet", "--max-log-size", "64K"]);
  const { stdout, stderr } = await queue.process(["logs", "1"]);
  assertMatch(stdout, /\n99999\n100000\n$/);
  assertEquals(Number(/^(\d+) bytes of its output were dropped/.exec(stderr)?.[1]) + stdout.length, 588_895);
});

test("worker --max-log-size 0 keeps no log", async () => {
  await using queue = await QueueFile.with("echo a");
  await queue.process(["worker", "--quiet", "--max-log-size", "0"]);
  assertMatch((await queue.jobq(["logs", "1"])).stderr, /is not there; these are its last lines/);
});

test("logs -f prints what a running job prints, as it comes, until it has finished", async () => {
  await using queue = await QueueFile.make();
  const { path } = queue.directory;
  await queue.pushed(`echo a; ${until(path, "one")}; echo b; ${until(path, "two")}; echo c`);
  await using worker = new WorkerProcess(queue.path, ["--quiet"]);
  await waitUntil(() => worker.output.includes("a"));
  const fake = new FakeIo();
  const ended = main([queue.path, "logs", "-f", "1"], fake.io);
  await waitUntil(() => fake.stdout.text === "a\n");
  await Deno.writeTextFile(`${path}/one`, "");
  await waitUntil(() => fake.stdout.text === "a\nb\n");
  await Deno.writeTextFile(`${path}/two`, "");
  assertEquals([await ended, fake.stdout.text, fake.stderr.text], [0, "a\nb\nc\n", ""]);
});

test("logs -f waits for a job that has not started, and goes on with its next executions", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--num-retries=1", "--retry-delay=1ms", "-c", "echo try $JOBQ_ATTEMPT; exit 1"]);
  const fake = new FakeIo();
  const ended = main([queue.path, "logs", "--follow", "1"], fake.io);
  await waitUntil(() => fake.stderr.text.includes("has not started yet"));
  await queue.process(["worker", "--quiet"]);
  assertEquals([await ended, fake.stdout.text], [0, "try 1\ntry 2\n"]);
  assertMatch(fake.stderr.text, /^1-\w+ has not started yet\nexecution 2 of 1-\w+:\n$/);
});

test("logs -f --attempt ends with that execution", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--num-retries=1", "--retry-delay=1h", "-c", "echo try $JOBQ_ATTEMPT; exit 1"]);
  await queue.process(["pull", "--quiet"]);
  assertEquals(await queue.jobq(["logs", "-f", "--attempt=1", "1"]), {
    code: 0,
    stdout: "try 1\n",
    stderr: "",
  });
});

test("logs -f of a job that was cancelled before it started ends at once", async () => {
  await using queue = await QueueFile.with("true");
  await queue.jobq(["cancel", "1"]);
  const { code, stderr } = await queue.jobq(["logs", "-f", "1"]);
  assertEquals(code, 0);
  assertMatch(stderr, /^1-\w+ was never started\n$/);
});

test("logs -f exits with 130 on SIGINT", async () => {
  await using queue = await QueueFile.with("true");
  const fake = new FakeIo();
  const ended = main([queue.path, "logs", "-f", "1"], fake.io);
  await waitUntil(() => fake.handlers.has("SIGINT"));
  fake.handlers.get("SIGINT")?.();
  assertEquals([await ended, fake.handlers.size], [130, 0]);
});

test("logs of an unknown id exits with 2", async () => {
  await using queue = await QueueFile.with("true");
  const { code, stderr } = await queue.jobq(["logs", "77"]);
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot find "77": no job starts with it/);
});
