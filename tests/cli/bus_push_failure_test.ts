import { assertEquals, assertMatch } from "../support/assert.ts";
import { test } from "../support/testing.ts";
import { BusQueue } from "./bus_queue.ts";

test("a push that is refused midway prints the ids of what is there, and exits with 4 and the right that it lacks", async () => {
  await using queue = await BusQueue.with();
  queue.broker.fault(
    { kind: "refuse", condition: "amqp:unauthorized-access" },
    { at: "transfer", skip: 1, times: Infinity },
  );
  // Each piece goes out as a batch of its own.
  const stdin = ["a\nb\n", "c\nd\n", "e\n"];
  const { code, stdout, stderr } = await queue.jobq(["push", "--num-workers", "1"], { stdin });
  assertEquals(code, 4, stderr);
  assertEquals(stdout, queue.view.all.map(({ messageId }) => `${messageId}\n`).join(""));
  assertMatch(
    stderr,
    /^error: Cannot push \d+ of \d+ jobs to "sb:\/\/[^"]*" \(lines? [\d-]+ of standard input\), nor any after line \d+: /,
  );
  assertMatch(stderr, /\nhint: the 2 others were pushed; push the rest with sed -n '3/);
});

test("a push whose connection breaks goes on, and what it prints is there once", async () => {
  await using queue = await BusQueue.with();
  queue.broker.fault({ kind: "cut" }, { at: "transfer", when: "after" });
  const { code, stdout, stderr } = await queue.jobq(["push"], { stdin: "a\nb\nc\n" });
  assertEquals([code, stdout.match(/\n/g)?.length, queue.commands], [0, 3, ["a", "b", "c"]], stderr);
});

test("a push that is throttled goes on", async () => {
  await using queue = await BusQueue.with();
  queue.broker.fault({ kind: "throttle" }, { at: "transfer", times: 2 });
  const { code, stderr } = await queue.jobq(["push", "-c", "a"]);
  assertEquals([code, queue.commands], [0, ["a"]], stderr);
});
