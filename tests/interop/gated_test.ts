import { assertEquals, assertMatch, assertNotEquals } from "../support/assert.ts";
import { decodeTaskMessage } from "../../src/core/wire/task_message.ts";
import { md5 } from "../core/wire/md5.ts";
import { gatedText } from "./support/gated_text.ts";
import { TempDir } from "../support/temp_dir.ts";
import { interopTest, pythonScript } from "./support/python_tool.ts";
import { SharedQueue } from "./support/shared_queue.ts";

interopTest("Python gives a gated job the id that jobq gives it", async () => {
  const script = "import hashlib, json, sys; task = json.loads(sys.stdin.read()); id = task.pop('id'); " +
    "print([list(task), id == hashlib.md5(json.dumps(task).encode()).hexdigest()])";
  assertEquals(
    (await pythonScript(script, gatedText())).trim(),
    "[['version', 'reply_requested', 'kwargs', 'num_retries', 'gate_cmd'], True]",
  );
  assertEquals(decodeTaskMessage(gatedText(), { md5 }).gateCommand, "test -e '/data/é'");
});

interopTest("the Python tool refuses a gated job instead of running it without its gate", async () => {
  const script = "import sys; from ai4s.jobq.entities import Task\n" +
    "try: Task.deserialize(sys.stdin.read())\nexcept ValueError as error: print(error)";
  assertMatch(await pythonScript(script, gatedText()), /version 2/);
});

interopTest(
  "a gated job stops Python workers, until a jobq worker that its gate lets in has run it",
  async () => {
    const queue = await SharedQueue.make();
    await queue.send(gatedText("test 1 = 1"));
    await using stopped = await queue.pythonWorker(["--visibility-timeout", "1s", "--no-heartbeat"]);
    assertNotEquals(await stopped.ended(), 0);
    assertEquals(await queue.onlyText(), gatedText("test 1 = 1"));
    assertEquals((await queue.jobq(["worker"])).stdout, "hello\n");
    assertEquals(await queue.counts(), { messages: 0, dead: 0 });
  },
);

interopTest("jobq copies the directory of a job that the Python tool pushed", async () => {
  await using dir = await TempDir.make();
  const queue = await SharedQueue.make();
  await queue.python(["push", "--bg-dirsync-to", dir.path, "-c", 'echo result > "$AMLT_DIRSYNC_DIR/out"']);
  await queue.jobq(["worker"]);
  assertEquals(await Deno.readTextFile(dir.join("out")), "result\n");
  assertEquals(await queue.counts(), { messages: 0, dead: 0 });
});

interopTest("the Python tool copies the directory of a job that jobq pushed", async () => {
  await using dir = await TempDir.make();
  const queue = await SharedQueue.make();
  const words = ["push", "--bg-dirsync-to", dir.path, "--bg-dirsync-create"];
  await queue.jobq([...words, "-c", 'echo result > "$AMLT_DIRSYNC_DIR/out"']);
  await using worker = await queue.pythonWorker();
  assertEquals(await worker.ended(), 0);
  assertEquals(await Deno.readTextFile(dir.join("out")), "result\n");
});
