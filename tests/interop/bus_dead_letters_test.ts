import { assertEquals, assertMatch } from "../support/assert.ts";
import { BusQueue } from "./support/bus_queue.ts";
import { busTest } from "./support/bus_test.ts";

/** A queue with one dead letter, which the Python tool made of a job that had no retries. */
async function withDeadLetter(commandWriting: (out: string) => string): Promise<BusQueue> {
  const queue = await BusQueue.make();
  await queue.jobq(["push", "-c", commandWriting(queue.dir.join("out"))]);
  await queue.python(["pull"]);
  assertEquals(queue.counts, { messages: 0, dead: 1 });
  return queue;
}

busTest("jobq lists a dead letter of the Python tool with its reason, and takes it away", async () => {
  await using queue = await withDeadLetter(() => "echo 'héllo'; exit 3");
  const { messageId = "" } = queue.view.dead[0] ?? {};
  const { id, cmd, failure } = JSON.parse((await queue.jobq(["dead", "list", "--json"])).stdout);
  assertEquals([id, cmd], [messageId, "echo 'héllo'; exit 3"]);
  assertMatch(failure.message, /echo 'héllo'; exit 3.* failed with return code 3/);
  await queue.jobq(["dead", "purge", messageId, "--yes"]);
  assertEquals(queue.counts, { messages: 0, dead: 0 });
});

busTest("a dead letter of the Python tool goes back with jobq, and jobq runs it", async () => {
  await using queue = await withDeadLetter((out) => `echo "attempt $JOBQ_ATTEMPT" >> ${out}; exit 3`);
  const [dead] = queue.view.dead;
  await queue.jobq(["dead", "requeue", "--all"]);
  assertEquals(queue.counts, { messages: 1, dead: 0 });
  assertEquals((await queue.onlyMessage()).body, dead?.body);
  await queue.jobq(["pull"], { code: 1 });
  assertEquals(await Deno.readTextFile(queue.dir.join("out")), "attempt \nattempt 1\n");
  assertMatch((await queue.jobq(["dead", "list"])).stdout, / exit code 3 /);
});

busTest("a dead letter of the Python tool goes back with jobq, and the Python tool runs it", async () => {
  await using queue = await withDeadLetter((out) => `echo ran >> ${out}; test $(wc -l < ${out}) -ge 2`);
  await queue.jobq(["dead", "requeue", "--all"]);
  await queue.python(["pull"]);
  assertEquals(await Deno.readTextFile(queue.dir.join("out")), "ran\nran\n");
  assertEquals(queue.counts, { messages: 0, dead: 0 });
});
