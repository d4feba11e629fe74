import { main } from "../../src/cli/main.ts";
import { assert, assertBetween, assertEquals, assertMatch } from "../support/assert.ts";
import { FakeIo } from "../support/fake_io.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { WorkerProcess } from "../support/worker_process.ts";
import { BusQueue } from "./bus_queue.ts";
import { taskText } from "./cloud_queue.ts";

test("worker runs all jobs of a Service Bus queue and leaves with 0", async () => {
  await using queue = await BusQueue.with("echo 1", "echo 2", "echo 3");
  const { code, stdout, stderr } = await queue.jobq(["worker"]);
  assertEquals([code, stdout, queue.view.all], [0, "1\n2\n3\n", []]);
  assertMatch(stderr, /leaving: the queue is empty .*completed=3/);
});

test("worker -n 4 runs each job once", async () => {
  await using queue = await BusQueue.with();
  const numbers = Array.from({ length: 40 }, (_, index) => String(index));
  await queue.jobq(["push"], { stdin: numbers.map((number) => `echo ${number}\n`).join("") });
  const { code, stdout } = await queue.jobq(["worker", "-n", "4", "--quiet"]);
  const printed = stdout.trimEnd().split("\n").map((line) => line.replace(/^.* /, ""));
  assertEquals([code, printed.toSorted(), queue.view.all], [0, numbers.toSorted(), []]);
});

test("worker makes a queue that is not there, with the --lock-duration that it is given", async () => {
  await using queue = await BusQueue.place();
  assertEquals((await queue.jobq(["worker", "--quiet", "--lock-duration", "45s"])).code, 0);
  const { lockDurationMs, maxDeliveryCount } = queue.view.options;
  assertEquals([lockDurationMs, maxDeliveryCount], [45_000, 1000]);
});

test("pull runs one job and exits with 1 when it fails", async () => {
  await using queue = await BusQueue.with("echo a", "exit 7");
  const first = await queue.jobq(["pull", "--quiet"]);
  assertEquals([first.code, first.stdout, queue.commands], [0, "a\n", ["exit 7"]]);
  assertEquals((await queue.jobq(["pull", "--quiet"])).code, 1);
  assertEquals([queue.view.all, queue.dead.length], [[], 1]);
});

test("pull of an empty queue says so and exits with 0", async () => {
  await using queue = await BusQueue.with();
  const { code, stderr } = await queue.jobq(["pull"]);
  assertEquals(code, 0);
  assertMatch(stderr, /nothing to do: the queue is empty/);
});

test("--visibility-timeout is one warning that names --lock-duration, and the job runs", async () => {
  await using queue = await BusQueue.with("echo 1");
  const { code, stdout, stderr } = await queue.jobq(["pull", "--quiet", "--visibility-timeout", "1h"]);
  assertEquals([code, stdout], [0, "1\n"]);
  assertMatch(
    stderr,
    /^\S+ warn: --visibility-timeout has no effect on sb:\/\/\S+: [^\n]*--lock-duration sets that when the queue is made\n$/,
  );
});

test("worker says nothing of a lease that was not asked for", async () => {
  await using queue = await BusQueue.with("true");
  assertEquals((await queue.jobq(["worker", "--quiet"])).stderr, "");
});

test("--lock-duration is one warning on a queue whose leases have another length", async () => {
  await using queue = await BusQueue.made({ lockDurationMs: 60_000 });
  const { code, stderr } = await queue.jobq(["worker", "--quiet", "--lock-duration", "30s"]);
  assertEquals([code, stderr.match(/\n/g)?.length], [0, 1], stderr);
  assertMatch(stderr, /^\S+ warn: .* is not changed: its leases last 1m instead of 30s\n$/);
});

test("a job that fails is tried again, with the attempts counted, until it is a dead letter", async () => {
  await using queue = await BusQueue.with();
  await queue.jobq([
    "push",
    "--num-retries",
    "2",
    "--retry-delay",
    "10ms",
    "-c",
    "echo $JOBQ_ATTEMPT; exit 1",
  ]);
  const words = ["worker", "--quiet", "--max-consecutive-failures", "none"];
  const { code, stdout } = await queue.jobq(words);
  assertEquals([code, stdout, queue.view.all, queue.dead.length], [0, "1\n2\n3\n", [], 1]);
  const { attempts, max_attempts } = JSON.parse((await queue.jobq(["dead", "list", "--json"])).stdout);
  assertEquals([attempts, max_attempts], [3, 3]);
});

test("a failed job waits for its next attempt as a delayed one, under its own id", async () => {
  await using queue = await BusQueue.with();
  const words = ["push", "--num-retries", "1", "--retry-delay", "10m", "-c", "exit 1"];
  const { stdout: id } = await queue.jobq(words);
  assertEquals((await queue.jobq(["pull", "--quiet"])).code, 1);
  assertEquals((await queue.jobq(["size", "--json"])).stdout, '{"active":0,"delayed":1,"failed":0}\n');
  const { visible_at, ...job } = JSON.parse((await queue.jobq(["peek", "--json"])).stdout);
  assertEquals([job.id, job.attempts, job.max_attempts], [id.trim(), 1, 2]);
  assertBetween(Date.parse(visible_at) - Date.now(), 4 * 60_000, 10 * 60_000);
});

test("a worker that is interrupted gives its job back without counting the attempt", async () => {
  await using queue = await BusQueue.with();
  await queue.jobq(["push", "-c", "echo running $JOBQ_ATTEMPT; exec sleep 60"]);
  for (let round = 0; round < 2; round++) {
    const fake = new FakeIo({ env: queue.env });
    const ended = main([queue.address, "worker", "--quiet"], fake.io);
    await waitUntil(() => fake.stdout.text !== "");
    fake.handlers.get("SIGTERM")?.();
    assertEquals([await ended, fake.stdout.text], [143, "running 1\n"]);
    assertEquals([queue.view.active.length, queue.dead], [1, []]);
  }
});

test("a message that is no job is a dead letter with the reason, and the worker goes on", async () => {
  await using queue = await BusQueue.with();
  await queue.send("no job");
  await queue.send(taskText("1".repeat(32), "echo after"));
  const { code, stdout } = await queue.jobq(["worker", "--quiet"]);
  assertEquals([code, stdout], [0, "after\n"]);
  const [{ body, deadLetterReason = "" } = { body: "" }] = queue.dead;
  assertEquals(body, "no job");
  assert(deadLetterReason !== "");
});

test("a worker that waits takes a job within moments of its push", async () => {
  await using queue = await BusQueue.with();
  await using worker = new WorkerProcess(queue.address, ["--idle-timeout", "forever", "-v"], {
    ...queue.env,
  });
  await waitUntil(() => worker.log.includes("starts"));
  await queue.jobq(["push", "-c", "echo pushed"]);
  await waitUntil(() => worker.output === "pushed\n");
  worker.signal("SIGUSR1");
  assertEquals([await worker.ended(), queue.view.all], [0, []]);
});

test("what a job sees of its queue is the address", async () => {
  await using queue = await BusQueue.with("echo $JOBQ_QUEUE");
  assertEquals((await queue.jobq(["pull", "--quiet"])).stdout, `${queue.address}\n`);
});
