import { assertEquals, assertMatch } from "../support/assert.ts";
import { decodeTaskMessage } from "../../src/core/wire/task_message.ts";
import { md5 } from "../core/wire/md5.ts";
import { gatedText } from "./support/gated_text.ts";
import { interopTest, pythonScript } from "./support/python_tool.ts";

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
