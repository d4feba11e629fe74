import { assertEquals, assertNotEquals } from "../support/assert.ts";
import { BusQueue } from "./support/bus_queue.ts";
import { busTest } from "./support/bus_test.ts";
import { gatedText } from "./support/gated_text.ts";

busTest("jobq copies the directory of a job that the Python tool pushed to Service Bus", async () => {
  await using queue = await BusQueue.make();
  const words = ["push", "--bg-dirsync-to", queue.dir.path, "-c"];
  await queue.python([...words, 'echo result > "$AMLT_DIRSYNC_DIR/out"']);
  await queue.jobq(["worker"]);
  assertEquals(await Deno.readTextFile(queue.dir.join("out")), "result\n");
  assertEquals(queue.counts, { messages: 0, dead: 0 });
});

busTest("a gated job on Service Bus stops Python workers until jobq has run it", async () => {
  await using queue = await BusQueue.make({ lockDurationMs: 1_000 });
  await queue.send(gatedText("test 1 = 1"));
  await using stopped = await queue.pythonWorker();
  assertNotEquals(await stopped.ended(), 0);
  assertEquals((await queue.onlyMessage()).body, gatedText("test 1 = 1"));
  queue.useLongLocks();
  assertEquals((await queue.jobq(["worker"])).stdout, "hello\n");
  assertEquals(queue.counts, { messages: 0, dead: 0 });
});
