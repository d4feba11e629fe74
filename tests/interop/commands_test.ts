import { assertEquals } from "../support/assert.ts";
import { interopTest } from "./support/python_tool.ts";
import { SharedQueue } from "./support/shared_queue.ts";

interopTest(
  "both tools count the same messages, and find none where either has cleared the queue",
  async () => {
    const queue = await SharedQueue.make();
    await queue.jobq(["push", "-c", "a", "-c", "b"]);
    await queue.python(["push", "-c", "c"]);
    assertEquals((await queue.jobq(["size"])).stdout, "3\n");
    assertEquals((await queue.python(["size"])).stdout, "3\n");
    await queue.jobq(["clear", "--yes"]);
    assertEquals((await queue.python(["size"])).stdout, "0\n");
    await queue.jobq(["push", "-c", "a"]);
    await queue.python(["clear"]);
    assertEquals((await queue.jobq(["size"])).stdout, "0\n");
  },
);
