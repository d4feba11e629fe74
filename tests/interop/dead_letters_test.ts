import { assertEquals, assertMatch } from "../support/assert.ts";
import { interopTest, pythonScript } from "./support/python_tool.ts";
import { SharedQueue } from "./support/shared_queue.ts";

/** A queue with one dead letter, which the Python tool made of a job that has used all its retries. */
async function withDeadLetter(command: string): Promise<SharedQueue> {
  const queue = await SharedQueue.make();
  await queue.jobq(["push", "-c", command]);
  await queue.python(["pull"]);
  assertEquals(await queue.counts(), { messages: 0, dead: 1 });
  return queue;
}

interopTest("jobq lists a dead letter of the Python tool, and takes it away", async () => {
  const queue = await withDeadLetter("echo 'héllo'; exit 3");
  const { id } = JSON.parse((await queue.deadTexts())[0] ?? "");
  const { stdout } = await queue.jobq(["dead", "list", "--json"]);
  const { id: listed, cmd, failure } = JSON.parse(stdout);
  assertEquals([listed, cmd], [id, "echo 'héllo'; exit 3"]);
  assertMatch(failure.message, /not recorded/);
  await queue.jobq(["dead", "purge", id, "--yes"]);
  assertEquals(await queue.counts(), { messages: 0, dead: 0 });
});

interopTest("a dead letter of the Python tool goes back with jobq, and runs again", async () => {
  const queue = await withDeadLetter("echo again; exit 3");
  await queue.jobq(["dead", "requeue", "--all"]);
  assertEquals(await queue.counts(), { messages: 1, dead: 0 });
  assertEquals((await queue.jobq(["pull"], { code: 1 })).stdout, "again\n");
  assertEquals(await queue.counts(), { messages: 0, dead: 1 });
});

interopTest("the Python tool's library reads a dead letter of jobq", async () => {
  const queue = await SharedQueue.make();
  await queue.jobq(["push", "-c", "echo 'héllo'; exit 3", "-e", "A=1", "--name", "näme"]);
  await queue.jobq(["pull"], { code: 1 });
  const [dead = ""] = await queue.deadTexts();
  assertMatch(dead, /"exit_code": 3/);
  const script = "import json, sys; from ai4s.jobq.entities import Task; " +
    "task = Task.deserialize(sys.stdin.read()); print(json.dumps([task.id, task.kwargs, task.num_retries]))";
  assertEquals(JSON.parse(await pythonScript(script, dead)), [
    JSON.parse(dead).id,
    { cmd: "echo 'héllo'; exit 3", bg_dirsync_to: null, env: { A: "1" } },
    0,
  ]);
});
