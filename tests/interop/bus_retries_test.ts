import { assertEquals, assertNotEquals } from "../support/assert.ts";
import { BusQueue } from "./support/bus_queue.ts";
import { busTest } from "./support/bus_test.ts";

/** A job that writes which attempt it is, as far as it is told, and succeeds when it runs for the `runs`th time. */
function failingUntil(runs: number, out: string): string {
  return `echo "attempt $JOBQ_ATTEMPT" >> ${out}; test $(wc -l < ${out}) -ge ${runs}`;
}

busTest(
  "a job that fails with the Python tool comes to jobq when its lock ends, its attempts unused",
  async () => {
    await using queue = await BusQueue.make({ lockDurationMs: 2_000 });
    const out = queue.dir.join("out");
    await queue.python(["push", "--num-retries", "1", "-c", failingUntil(3, out)]);
    const pushed = await queue.onlyMessage();
    await queue.python(["pull"]);
    const again = await queue.onlyMessage();
    queue.useLongLocks();
    assertEquals([again.messageId, again.body, again.deliveryCount], [pushed.messageId, pushed.body, 1]);
    // The first of its attempts fails, and there is another.
    await queue.jobq(["pull"], { code: 1 });
    await queue.onlyMessage();
    await queue.jobq(["pull"]);
    assertEquals(await Deno.readTextFile(out), "attempt \nattempt 1\nattempt 2\n");
    assertEquals(queue.counts, { messages: 0, dead: 0 });
  },
);

busTest(
  "a job that failed with jobq is run by the Python tool from the copy that waits for the retry",
  async () => {
    await using queue = await BusQueue.make();
    const out = queue.dir.join("out");
    await queue.python(["push", "--num-retries", "1", "-c", failingUntil(2, out), "-e", "A=é"]);
    const pushed = await queue.onlyMessage();
    await queue.jobq(["pull"], { code: 1 });
    const copy = await queue.onlyMessage();
    assertEquals(copy.body, pushed.body);
    // The queue would take it for a duplicate.
    assertNotEquals(copy.messageId, pushed.messageId);
    const { stdout } = await queue.python(["pull"]);
    assertEquals(stdout.includes(`Completed task ${pushed.messageId} successfully`), true, stdout);
    assertEquals(await Deno.readTextFile(out), "attempt 1\nattempt \n");
    assertEquals(queue.counts, { messages: 0, dead: 0 });
  },
);

busTest("attempts with jobq count on after one with the Python tool", async () => {
  await using queue = await BusQueue.make({ lockDurationMs: 2_000 });
  const out = queue.dir.join("out");
  await queue.jobq(["push", "--num-retries", "1", "-c", failingUntil(9, out)]);
  await queue.jobq(["pull"], { code: 1 });
  await queue.onlyMessage();
  await queue.python(["pull"]);
  await queue.onlyMessage();
  queue.useLongLocks();
  await queue.jobq(["pull"], { code: 1 });
  assertEquals(await Deno.readTextFile(out), "attempt 1\nattempt \nattempt 2\n");
  assertEquals(queue.counts, { messages: 0, dead: 1 });
});
