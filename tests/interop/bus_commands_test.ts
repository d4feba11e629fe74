import { assertEquals, assertMatch } from "../support/assert.ts";
import { BusQueue } from "./support/bus_queue.ts";
import { busTest } from "./support/bus_test.ts";

/** What a command line of the Python tool printed after its log lines. */
function printed({ stdout }: { readonly stdout: string }): string {
  return stdout.split("\n").filter((line) => !/^\d{4}-\d\d-\d\d /.test(line)).join("\n");
}

function idsIn(lines: string): readonly string[] {
  return lines.trimEnd().split("\n").map((line) => JSON.parse(line).id);
}

busTest("both tools on Service Bus count the same messages, and look at the same ones", async () => {
  await using queue = await BusQueue.make();
  const pushed = await queue.jobq(["push", "--num-workers", "1", "-c", "a", "-c", "b"]);
  await queue.python(["push", "-c", "c"]);
  const ids = queue.view.all.map(({ messageId }) => messageId);
  assertEquals(pushed.stdout, `${ids[0]}\n${ids[1]}\n`);
  const [ownSize, size, ownPeek, peek] = await Promise.all([
    queue.jobq(["size"]),
    queue.python(["size"]),
    queue.jobq(["peek", "--json"]),
    queue.python(["peek", "-n", "9", "--json"]),
  ]);
  assertEquals([ownSize.stdout, printed(size)], ["3\n", "3\n"]);
  assertEquals(idsIn(ownPeek.stdout), ids);
  assertEquals(JSON.parse(printed(peek)).map(({ id }: { id: string }) => id), ids);
  assertEquals(queue.view.all.map(({ state, deliveryCount }) => [state.kind, deliveryCount]), [
    ["active", 0],
    ["active", 0],
    ["active", 0],
  ]);
});

busTest("either tool clears a Service Bus queue of what the other pushed", async () => {
  await using queue = await BusQueue.make();
  await queue.jobq(["push", "-c", "a", "-c", "b"]);
  await queue.python(["clear"]);
  assertEquals(queue.counts, { messages: 0, dead: 0 });
  await queue.python(["push", "-c", "c", "-c", "d"]);
  await queue.jobq(["clear", "--yes"]);
  assertEquals(queue.counts, { messages: 0, dead: 0 });
});

busTest("both tools make and use a Service Bus queue with the login of the Azure CLI", async () => {
  await using queue = await BusQueue.place();
  const { stderr } = await queue.jobqWithLogin(["push", "-c", "echo hello"]);
  assertMatch(stderr, /Azure CLI/);
  assertMatch((await queue.python(["pull"])).stdout, /^hello$/m);
  assertEquals(queue.counts, { messages: 0, dead: 0 });
});
