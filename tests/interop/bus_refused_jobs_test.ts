import { assertEquals, assertMatch, assertNotEquals } from "../support/assert.ts";
import { BusQueue } from "./support/bus_queue.ts";
import { busTest } from "./support/bus_test.ts";
import { gatedText } from "./support/gated_text.ts";

/** The reasons of the dead letters, as jobq tells them. */
async function reasonsIn(queue: BusQueue): Promise<readonly string[]> {
  const { stdout } = await queue.jobq(["dead", "list", "--json"]);
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line).failure.message);
}

busTest(
  "a job of the Python tool with --bg-dirsync-to on Service Bus is a dead letter of jobq, untouched",
  async () => {
    await using queue = await BusQueue.make();
    const out = queue.dir.join("out");
    await queue.python(["push", "--bg-dirsync-to", queue.dir.path, "-c", `echo ran > ${out}`]);
    const pushed = await queue.onlyMessage();
    await queue.jobq(["worker"]);
    assertEquals(queue.view.dead.map(({ messageId, body }) => [messageId, body]), [
      [pushed.messageId, pushed.body],
    ]);
    assertMatch((await reasonsIn(queue)).join("\n"), /dirsync/);
    assertEquals(queue.counts, { messages: 0, dead: 1 });
  },
);

busTest("a gated job on Service Bus stops Python workers until a jobq worker moves it aside", async () => {
  await using queue = await BusQueue.make({ lockDurationMs: 1_000 });
  await queue.send(gatedText());
  await using stopped = await queue.pythonWorker();
  assertNotEquals(await stopped.ended(), 0);
  assertEquals((await queue.onlyMessage()).body, gatedText());
  queue.useLongLocks();
  await queue.jobq(["worker"]);
  assertMatch((await reasonsIn(queue)).join("\n"), /it has a gate/);
  await queue.jobq(["push", "-c", "echo it goes on"]);
  assertMatch((await queue.python(["pull"])).stdout, /^it goes on$/m);
  assertEquals(queue.counts, { messages: 0, dead: 1 });
});
