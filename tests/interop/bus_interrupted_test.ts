import { assertEquals } from "../support/assert.ts";
import { waitUntil } from "../support/wait_until.ts";
import { BusQueue } from "./support/bus_queue.ts";
import { busTest } from "./support/bus_test.ts";

/**
 * A job that writes which attempt it is, stays when it runs for the first time, and ends when it does so again.
 *
 * @param seconds how long it stays: a killed Python worker leaves it behind
 */
function staying(out: string, seconds = 60): string {
  return `echo "attempt $JOBQ_ATTEMPT" >> ${out}; test $(wc -l < ${out}) -ge 2 || exec sleep ${seconds}`;
}

async function untilRunning(out: string): Promise<void> {
  await waitUntil(() => Deno.readTextFile(out).catch(() => ""), { what: "the job's start" });
}

busTest("a job that an interrupted Python worker unlocks is run by jobq, its attempts unused", async () => {
  await using queue = await BusQueue.make();
  const out = queue.dir.join("out");
  await queue.jobq(["push", "-c", staying(out)]);
  await using worker = await queue.pythonWorker();
  await untilRunning(out);
  worker.signal("SIGTERM");
  await queue.onlyMessage();
  await queue.jobq(["pull"]);
  assertEquals(await Deno.readTextFile(out), "attempt \nattempt 1\n");
  assertEquals(queue.counts, { messages: 0, dead: 0 });
});

busTest(
  "a job that an interrupted jobq worker abandons is run by the Python tool, and nothing is used up",
  async () => {
    await using queue = await BusQueue.make();
    const out = queue.dir.join("out");
    await queue.jobq(["push", "-c", staying(out)]);
    const pushed = await queue.onlyMessage();
    await using worker = queue.jobqWorker();
    await untilRunning(out);
    worker.signal("SIGTERM");
    assertEquals(await worker.ended(), 143, worker.log);
    const { messageId, body } = await queue.onlyMessage();
    assertEquals([messageId, body], [pushed.messageId, pushed.body]);
    await queue.python(["pull"]);
    assertEquals(await Deno.readTextFile(out), "attempt 1\nattempt \n");
    assertEquals(queue.counts, { messages: 0, dead: 0 });
  },
);

busTest("a job of a killed Python worker comes to jobq when its lock ends", async () => {
  await using queue = await BusQueue.make({ lockDurationMs: 2_000 });
  const out = queue.dir.join("out");
  await queue.python(["push", "-c", staying(out, 2)]);
  await using worker = await queue.pythonWorker();
  await untilRunning(out);
  await worker.kill();
  assertEquals((await queue.onlyMessage()).deliveryCount, 1);
  queue.useLongLocks();
  await queue.jobq(["pull"]);
  assertEquals(await Deno.readTextFile(out), "attempt \nattempt 1\n");
  assertEquals(queue.counts, { messages: 0, dead: 0 });
});

busTest("a job of a killed jobq worker comes to the Python tool when its lock ends", async () => {
  await using queue = await BusQueue.make({ lockDurationMs: 2_000 });
  const out = queue.dir.join("out");
  await queue.jobq(["push", "-c", staying(out)]);
  await using worker = queue.jobqWorker();
  await untilRunning(out);
  worker.signal("SIGKILL");
  await worker.ended();
  assertEquals((await queue.onlyMessage()).deliveryCount, 1);
  queue.useLongLocks();
  await queue.python(["pull"]);
  assertEquals(await Deno.readTextFile(out), "attempt 1\nattempt \n");
  assertEquals(queue.counts, { messages: 0, dead: 0 });
});
