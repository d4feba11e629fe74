import { assertEquals, assertMatch } from "../support/assert.ts";
import { test } from "../support/testing.ts";
import { CloudQueue, taskText } from "./cloud_queue.ts";

/** The id of `echo hello`. */
const HELLO = "266bef3ccf2103cfba150a50de23f625";
const POISON = "neither JSON nor a job";

async function withDead(...letters: readonly string[]): Promise<CloudQueue> {
  const queue = await CloudQueue.with();
  for (const letter of letters) await queue.sendDead(letter);
  return queue;
}

test("dead list shows what other tools left there, and what is no job", async () => {
  const queue = await withDead(taskText(HELLO, "echo hello"), POISON);
  const { code, stdout, stderr } = await queue.jobq(["dead", "list"]);
  assertEquals([code, stderr], [0, ""]);
  const [head, ...rows] = stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
  assertEquals(head, ["ID", "FAILED", "ATTEMPTS", "REASON", "JOB"]);
  const row = rows.find(([id]) => id === HELLO);
  assertEquals(row?.slice(3), ["the reason was not recorded", "echo hello"]);
  assertMatch(stdout, /^[0-9a-f-]{36} .*\(not a job: neither JSON nor a job/m);
});

test("dead list tells why a job of this tool failed", async () => {
  const queue = await CloudQueue.with("echo last words; exit 3");
  assertEquals((await queue.jobq(["pull", "--quiet"])).code, 1);
  assertMatch((await queue.jobq(["dead", "list"])).stdout, / 1\/1 +exit code 3 +echo last words; exit 3\n$/);
  const { failure } = JSON.parse((await queue.jobq(["dead", "list", "--json"])).stdout);
  assertEquals([failure.exit_code, failure.output], [3, "last words"]);
});

test("dead requeue takes the beginning of an id, and leaves the others", async () => {
  const queue = await withDead(taskText(HELLO, "a"), taskText("1".repeat(32), "b"));
  assertEquals((await queue.jobq(["dead", "requeue", HELLO.slice(0, 4)])).stderr, "requeued 1 job\n");
  assertEquals(await queue.commands(), ["a"]);
  assertEquals((await queue.jobq(["dead", "list", "--json"])).stdout.match(/\n/g)?.length, 1);
});

test("dead requeue --all brings back all, what is no job too, as it was", async () => {
  const queue = await withDead(taskText(HELLO, "a"), "no job");
  assertEquals((await queue.jobq(["dead", "requeue", "--all"])).stderr, "requeued 2 jobs\n");
  assertEquals((await queue.texts()).toSorted()[0], "no job");
  assertEquals(await queue.deadTexts(), []);
});

test("a dead letter that is no job is requeued and purged by the id that dead list shows", async () => {
  const queue = await withDead("no job", "none either");
  const idOf = async (text: string) => {
    const lines = (await queue.jobq(["dead", "list", "--json"])).stdout.trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line)).find(({ cmd }) => cmd.includes(text)).id;
  };
  assertEquals((await queue.jobq(["dead", "requeue", await idOf("no job")])).stderr, "requeued 1 job\n");
  assertEquals(await queue.texts(), ["no job"]);
  const { stderr } = await queue.jobq(["dead", "purge", "--yes", await idOf("none either")]);
  assertEquals([stderr, await queue.deadTexts()], ["removed 1 dead letter\n", []]);
});

test("dead letters of equal jobs have one id, and are meant together", async () => {
  const queue = await withDead(taskText(HELLO, "a"), taskText(HELLO, "a"), taskText("1".repeat(32), "b"));
  assertMatch((await queue.jobq(["dead", "purge", HELLO])).stderr, /Cannot ask "Remove 2 dead letters of /);
  assertEquals((await queue.jobq(["dead", "requeue", "266b"])).stderr, "requeued 2 jobs\n");
  assertEquals(await queue.commands(), ["a", "a"]);
});

test("dead requeue of an unknown id exits with 2 and changes nothing", async () => {
  const queue = await withDead(taskText(HELLO, "a"));
  const { code, stderr } = await queue.jobq(["dead", "requeue", "77"]);
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot find "77": no dead letter starts with it\nhint: jobq dead list shows them\n/);
  assertEquals((await queue.deadTexts()).length, 1);
});

test("dead purge --all counts, asks and removes", async () => {
  const queue = await withDead(taskText(HELLO, "a"), "no job");
  assertMatch((await queue.jobq(["dead", "purge", "--all"])).stderr, /Cannot ask "Remove 2 dead letters of /);
  assertEquals((await queue.jobq(["dead", "purge", "--all", "--yes"])).stderr, "removed 2 dead letters\n");
  assertEquals(await queue.deadTexts(), []);
});
