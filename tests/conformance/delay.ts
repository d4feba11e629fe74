import { UsageError } from "../../src/core/errors.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { commandOf, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Harness, LONG_MS } from "./harness.ts";

/** Jobs that must wait before they can be leased. */
export function delayTopic(harness: Harness): void {
  conformanceTest(harness, "a delayed job is not leased before its time", async (it) => {
    await it.queue.enqueue([shellJob("true", { delayMs: LONG_MS })]);
    await it.assertNothingDue();
  });

  conformanceTest(harness, "a delayed job is leased after its time", async (it) => {
    const [id] = await it.queue.enqueue([shellJob("true", { delayMs: it.leaseMs })]);
    await it.pass(it.leaseMs);
    await using lease = await it.next();
    assertEquals(lease.job.id, id);
  });

  conformanceTest(harness, "a delayed job does not hold up the ones behind it", async (it) => {
    await it.queue.enqueue([shellJob("later", { delayMs: LONG_MS }), shellJob("now")]);
    await using lease = await it.next();
    assertEquals(commandOf(lease.job), "now");
  });

  conformanceTest(
    harness,
    "a delay over the backend's maximum is refused, with the batch",
    async (it) => {
      const delayMs = Math.min(harness.capabilities.maxDelayMs * 2, Number.MAX_SAFE_INTEGER);
      await assertRejects(it.queue.enqueue([shellJob(), shellJob("true", { delayMs })]), UsageError);
      await it.assertCounts({});
    },
  );

  conformanceTest(harness, "the longest delay is kept", async (it) => {
    await it.queue.enqueue([shellJob("true", { delayMs: harness.capabilities.maxDelayMs })]);
    await it.assertNothingDue();
    await it.assertCounts({ delayed: 1 });
  });

  if (!harness.capabilities.keepsOrder) return;

  conformanceTest(harness, "jobs whose delays have ended come in the order of their push", async (it) => {
    const delays = [3, 1, 2].map((times) => times * it.leaseMs);
    await it.queue.enqueue(delays.map((delayMs) => shellJob(`after ${delayMs}`, { delayMs })));
    await it.pass(3 * it.leaseMs);
    const order: string[] = [];
    for (const _ of delays) {
      const lease = await it.next();
      order.push(commandOf(lease.job));
      await lease.ack();
    }
    assertEquals(order, delays.map((delayMs) => `after ${delayMs}`));
  });

  conformanceTest(
    harness,
    "a job whose delay has ended comes before those that were pushed later",
    async (it) => {
      await it.queue.enqueue([shellJob("early", { delayMs: it.leaseMs })]);
      await it.queue.enqueue([shellJob("late")]);
      await it.pass(it.leaseMs);
      await using lease = await it.next();
      assertEquals(commandOf(lease.job), "early");
    },
  );
}
