import { assertEquals, assertMatch } from "../support/assert.ts";
import { onTerminal } from "../support/jobq.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

test("a terminal that was never told its size has 80 columns", async () => {
  await using queue = await QueueFile.with("x".repeat(200));
  const { output } = await onTerminal(`stty cols 0; jobq ${queue.path} peek`);
  assertEquals(output.trimEnd().split("\r\n").at(-1)?.length, 80);
});

test("a table on a terminal fits into its columns", async () => {
  await using queue = await QueueFile.with("x".repeat(200));
  const { output } = await onTerminal(`stty cols 60; jobq ${queue.path} peek`);
  assertEquals(output.trimEnd().split("\r\n").at(-1)?.length, 60);
});

test("push on a terminal reads what is typed until Ctrl-D", async () => {
  await using queue = await QueueFile.make();
  const { code, output } = await onTerminal(`jobq ${queue.path} push`, { input: "echo 1\n\x04" });
  assertEquals(code, 0, output);
  assertMatch(output, /Reading jobs, one a line; Ctrl-D ends\.\r\n/);
  assertEquals(await queue.commands(), ["echo 1"]);
});
