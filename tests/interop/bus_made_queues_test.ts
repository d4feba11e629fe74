import { assert, assertEquals } from "../support/assert.ts";
import { BusQueue } from "./support/bus_queue.ts";
import { busTest } from "./support/bus_test.ts";

const PUSH = ["push", "-c", "echo 'the same'", "-e", "A=é"];

busTest("both tools make a Service Bus queue alike", async () => {
  await using own = await BusQueue.place();
  await using python = await BusQueue.place();
  await Promise.all([own.jobq(PUSH), python.python(PUSH)]);
  const { lockDurationMs, maxDeliveryCount, duplicateDetectionMs } = own.view.options;
  assertEquals([lockDurationMs, maxDeliveryCount, duplicateDetectionMs], [300_000, 1000, 604_800_000]);
  assertEquals(own.view.options, python.view.options);
});

busTest(
  "a job that jobq pushes again after the Python tool is on the queue once, without a warning",
  async () => {
    await using queue = await BusQueue.place();
    await queue.python(PUSH);
    const pushed = queue.view.all;
    const { stdout, stderr } = await queue.jobq(PUSH);
    assertEquals(pushed.map(({ messageId }) => messageId), [stdout.trim()]);
    assertEquals(queue.view.all, pushed);
    assert(!/WARN/i.test(stderr), stderr);
  },
);

busTest(
  "a job that the Python tool pushes again after jobq is on the queue once, without a warning",
  async () => {
    await using queue = await BusQueue.place();
    await queue.jobq(PUSH);
    const pushed = queue.view.all;
    const { stdout, stderr } = await queue.python(PUSH);
    assertEquals(pushed.length, 1);
    assertEquals(queue.view.all, pushed);
    assert(!/WARN/.test(stdout + stderr), stdout + stderr);
  },
);
