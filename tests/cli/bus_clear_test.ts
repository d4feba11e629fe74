import { assertEquals, assertMatch } from "../support/assert.ts";
import { onTerminal } from "../support/jobq.ts";
import { test } from "../support/testing.ts";
import { BusQueue } from "./bus_queue.ts";

test("clear --yes removes what waits and what is delayed, and says what stays", async () => {
  await using queue = await BusQueue.with("a", "b", "c");
  await queue.take();
  await queue.jobq(["push", "--delay", "1h", "-c", "later"]);
  const { code, stdout, stderr } = await queue.jobq(["clear", "--yes"]);
  assertEquals([code, stdout], [0, ""]);
  assertEquals(stderr, "removed 3 waiting jobs\n1 job stays: running or new\n");
  assertEquals(queue.commands, ["a"]);
});

test("clear --yes says nothing more when nothing stays", async () => {
  await using queue = await BusQueue.with("a", "b");
  assertEquals((await queue.jobq(["clear", "--yes"])).stderr, "removed 2 waiting jobs\n");
  assertEquals((await queue.jobq(["clear"])).stderr, "removed 0 waiting jobs\n");
});

test("clear --yes removes any number of jobs", async () => {
  await using queue = await BusQueue.with();
  const stdin = Array.from({ length: 700 }, (_, index) => `echo ${index}\n`).join("");
  await queue.jobq(["push"], { stdin });
  assertEquals((await queue.jobq(["clear", "--yes"])).stderr, "removed 700 waiting jobs\n");
  assertEquals(queue.view.all, []);
});

test("clear keeps the dead letters", async () => {
  await using queue = await BusQueue.with("exit 1");
  await queue.jobq(["pull", "--quiet"]);
  await queue.jobq(["clear", "--yes"]);
  assertEquals(queue.dead.length, 1);
});

test("clear without a terminal wants --yes, exits with 2 and removes nothing", async () => {
  await using queue = await BusQueue.with("a", "b");
  const { code, stderr } = await queue.jobq(["clear"]);
  assertEquals([code, queue.commands], [2, ["a", "b"]]);
  assertMatch(
    stderr,
    /^error: Cannot ask "Remove all waiting jobs of sb:\/\/\S+ \(up to 2\)\?": this is not a terminal\nhint: give --yes/,
  );
});

for (const [input, left] of [["y\n", []], ["n\n", ["a"]]] as const) {
  test(`clear on a terminal leaves ${left.length} of 1 when ${JSON.stringify(input)} is typed`, async () => {
    await using queue = await BusQueue.with("a");
    const { code, output } = await onTerminal(`jobq ${queue.address} clear`, { input, env: queue.env });
    assertEquals(code, 0, output);
    assertMatch(output, /Remove all waiting jobs of sb:\/\/\S+ \(up to 1\)\? \[y\/N\] /);
    assertEquals(queue.commands, [...left]);
  });
}
