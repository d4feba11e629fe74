import { assertEquals, assertMatch } from "../support/assert.ts";
import { onTerminal } from "../support/jobq.ts";
import { test } from "../support/testing.ts";
import { CloudQueue, taskText } from "./cloud_queue.ts";

test("clear --yes removes what waits and says what stays", async () => {
  const queue = await CloudQueue.with("a", "b", "c");
  await queue.take();
  await queue.jobq(["push", "--delay", "1h", "-c", "later"]);
  const { code, stdout, stderr } = await queue.jobq(["clear", "--yes"]);
  assertEquals([code, stdout], [0, ""]);
  assertEquals(stderr, "removed 2 waiting jobs\n2 jobs stay: running, delayed or new\n");
  assertEquals((await queue.jobq(["size"])).stdout, "2\n");
});

test("clear --yes says of a single job, too, that it stays", async () => {
  const queue = await CloudQueue.with("a");
  await queue.take();
  assertEquals(
    (await queue.jobq(["clear", "--yes"])).stderr,
    "removed 0 waiting jobs\n1 job stays: running, delayed or new\n",
  );
});

test("clear --yes says nothing more when nothing stays", async () => {
  const queue = await CloudQueue.with("a", "b");
  assertEquals((await queue.jobq(["clear", "--yes"])).stderr, "removed 2 waiting jobs\n");
  assertEquals((await queue.jobq(["clear"])).stderr, "removed 0 waiting jobs\n");
});

test("clear keeps the dead letters", async () => {
  const queue = await CloudQueue.with("a");
  await queue.sendDead(taskText("x", "dead"));
  await queue.jobq(["clear", "--yes"]);
  assertEquals((await queue.deadTexts()).length, 1);
});

test("clear without a terminal wants --yes, exits with 2 and removes nothing", async () => {
  const queue = await CloudQueue.with("a", "b");
  await queue.take();
  const { code, stderr } = await queue.jobq(["clear"]);
  assertEquals(code, 2);
  assertMatch(
    stderr,
    /^error: Cannot ask "Remove all waiting jobs of devstoreaccount1\/\S+ \(up to 2\)\?": this is not a terminal\nhint: give --yes/,
  );
  assertEquals((await queue.jobq(["size"])).stdout, "2\n");
});

for (const [input, left] of [["y\n", []], ["n\n", ["a"]]] as const) {
  test(`clear on a terminal leaves ${left.length} of 1 when ${JSON.stringify(input)} is typed`, async () => {
    const queue = await CloudQueue.with("a");
    const { code, output } = await onTerminal(`jobq ${queue.address} clear`, { input, env: queue.env });
    assertEquals(code, 0, output);
    assertMatch(output, /Remove all waiting jobs of devstoreaccount1\/\S+ \(up to 1\)\? \[y\/N\] /);
    assertEquals(await queue.commands(), [...left]);
  });
}
