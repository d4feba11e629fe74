import { assertEquals, assertMatch } from "../support/assert.ts";
import { test } from "../support/testing.ts";
import { BusQueue } from "./bus_queue.ts";
import { taskText } from "./cloud_queue.ts";

/** A queue with a dead letter for each command, all of which fail. */
async function withDead(...commands: readonly string[]): Promise<BusQueue> {
  const queue = await BusQueue.with(...commands);
  await queue.jobq(["worker", "--quiet", "--max-consecutive-failures", "none"]);
  assertEquals(queue.dead.length, commands.length);
  return queue;
}

test("a job that failed for good is a dead letter that any tool can read", async () => {
  await using queue = await withDead("echo last words; exit 3");
  const [{ deadLetterReason, deadLetterErrorDescription = "" } = {}] = queue.dead;
  assertEquals(deadLetterReason, "exit code 3");
  assertMatch(deadLetterErrorDescription, /last words/);
});

test("dead list tells why a job failed, with the last lines of its output", async () => {
  await using queue = await withDead("echo last words; exit 3");
  const { code, stdout, stderr } = await queue.jobq(["dead", "list"]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^ID +FAILED +ATTEMPTS +REASON +JOB\n/);
  assertMatch(stdout, / 1\/1 +exit code 3 +echo last words; exit 3\n$/);
  const { failure } = JSON.parse((await queue.jobq(["dead", "list", "--json"])).stdout);
  assertEquals([failure.kind, failure.exit_code, failure.output], ["failed", 3, "last words"]);
  assertMatch(failure.at, /^\d{4}-\d\d-\d\dT/);
  assertMatch(failure.worker_id, /./);
});

test("dead list shows what is no job as what it is, and who found it", async () => {
  await using queue = await BusQueue.with();
  await queue.send("neither JSON nor a job");
  await queue.jobq(["worker", "--quiet"]);
  const { failure } = JSON.parse((await queue.jobq(["dead", "list", "--json"])).stdout);
  assertEquals(failure.kind, "poison");
  assertMatch((await queue.jobq(["dead", "list"])).stdout, /\(not a job: neither JSON nor a job/);
});

test("dead list changes nothing", async () => {
  await using queue = await withDead("exit 1", "exit 2");
  const before = queue.dead;
  await queue.jobq(["dead", "list"]);
  assertEquals(queue.dead, before);
});

test("dead list -n shows so many", async () => {
  await using queue = await withDead("exit 1", "exit 2", "exit 3");
  assertEquals((await queue.jobq(["dead", "list", "--json", "-n", "2"])).stdout.match(/\n/g)?.length, 2);
});

test("dead list without dead letters says so", async () => {
  await using queue = await BusQueue.with("a");
  assertEquals((await queue.jobq(["dead", "list"])).stderr, "there are no dead letters\n");
});

test("dead requeue takes the beginning of an id, leaves the others, and the job has all its attempts again", async () => {
  await using queue = await BusQueue.with();
  const { stdout: id } = await queue.jobq([
    "push",
    "--num-retries",
    "1",
    "--retry-delay",
    "0",
    "-c",
    "exit 1",
  ]);
  await queue.jobq(["push", "-c", "exit 2"]);
  await queue.jobq(["worker", "--quiet", "--max-consecutive-failures", "none"]);
  assertEquals((await queue.jobq(["dead", "requeue", id.slice(0, 8)])).stderr, "requeued 1 job\n");
  assertEquals([queue.commands, queue.dead.length], [["exit 1"], 1]);
  const { attempts, max_attempts } = JSON.parse((await queue.jobq(["peek", "--json"])).stdout);
  assertEquals([attempts, max_attempts], [0, 2]);
});

test("dead requeue --all brings back all, though the service takes their ids for duplicates", async () => {
  await using queue = await withDead("exit 1", "exit 2");
  assertEquals((await queue.jobq(["dead", "requeue", "--all"])).stderr, "requeued 2 jobs\n");
  assertEquals([queue.commands.toSorted(), queue.dead.length], [["exit 1", "exit 2"], 0]);
});

test("a job that was requeued has the id that it had", async () => {
  await using queue = await BusQueue.with();
  const { stdout: id } = await queue.jobq(["push", "-c", "exit 1"]);
  await queue.jobq(["pull", "--quiet"]);
  await queue.jobq(["dead", "requeue", "--all"]);
  assertEquals(JSON.parse((await queue.jobq(["peek", "--json"])).stdout).id, id.trim());
});

test("a dead letter that is no job is requeued and purged by the id that dead list shows", async () => {
  await using queue = await BusQueue.with();
  for (const text of ["no job", "none either"]) await queue.send(text);
  await queue.jobq(["worker", "--quiet"]);
  const idOf = async (text: string) => {
    const lines = (await queue.jobq(["dead", "list", "--json"])).stdout.trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line)).find(({ cmd }) => cmd.includes(text)).id;
  };
  assertEquals((await queue.jobq(["dead", "requeue", await idOf("no job")])).stderr, "requeued 1 job\n");
  assertEquals(queue.view.all.map(({ body }) => body), ["no job"]);
  const { stderr } = await queue.jobq(["dead", "purge", "--yes", await idOf("none either")]);
  assertEquals([stderr, queue.dead], ["removed 1 dead letter\n", []]);
});

test("dead requeue of an unknown id exits with 2 and changes nothing", async () => {
  await using queue = await withDead("exit 1");
  const { code, stderr } = await queue.jobq(["dead", "requeue", "no-such-id"]);
  assertEquals([code, queue.dead.length], [2, 1]);
  assertMatch(
    stderr,
    /Cannot find "no-such-id": no dead letter starts with it\nhint: jobq dead list shows them\n/,
  );
});

test("dead purge --all counts, asks and removes", async () => {
  await using queue = await withDead("exit 1", "exit 2");
  assertMatch((await queue.jobq(["dead", "purge", "--all"])).stderr, /Cannot ask "Remove 2 dead letters of /);
  assertEquals(queue.dead.length, 2);
  assertEquals((await queue.jobq(["dead", "purge", "--all", "--yes"])).stderr, "removed 2 dead letters\n");
  assertEquals(queue.dead, []);
});

test("dead letters that another tool left without a description are shown with what it said", async () => {
  await using queue = await BusQueue.made({ maxDeliveryCount: 1 });
  await queue.send(taskText("7".repeat(32), "a"), { messageId: "7".repeat(32) });
  await queue.giveUp("they said so");
  const { failure, ...job } = JSON.parse((await queue.jobq(["dead", "list", "--json"])).stdout);
  assertEquals([job.id, job.cmd], ["7".repeat(32), "a"]);
  assertMatch(failure.message, /they said so/);
});
