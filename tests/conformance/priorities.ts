import { UsageError } from "../../src/core/errors.ts";
import { MAX_PRIORITY } from "../../src/core/job.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness, LONG_MS } from "./harness.ts";

/** Some jobs before others. */
export function prioritiesTopic(harness: Harness): void {
  conformanceTest(harness, "higher priorities come first, equals in the order of their push", async (it) => {
    await pushNamed(it, ["0a", "-1a", "5a", "0b", "5b", "-1b"]);
    await pushNamed(it, ["5c", "0c", `${MAX_PRIORITY}`, `${-MAX_PRIORITY}`]);
    assertEquals(await drain(it), [
      `${MAX_PRIORITY}`,
      ...["5a", "5b", "5c", "0a", "0b", "0c", "-1a", "-1b"],
      `${-MAX_PRIORITY}`,
    ]);
  });

  conformanceTest(harness, "peek() shows the order in which jobs will be leased", async (it) => {
    await pushNamed(it, ["0a", "2a", "1a", "2b"]);
    await it.queue.enqueue([shellJob("9 later", { priority: 9, delayMs: LONG_MS })]);
    assertEquals((await it.queue.peek(10)).map(commandOf), ["2a", "2b", "1a", "0a", "9 later"]);
    assertEquals((await it.queue.peek(2)).map(commandOf), ["2a", "2b"]);
  });

  conformanceTest(harness, "a lease says the job's priority", async (it) => {
    await pushNamed(it, ["-7"]);
    await using lease = await it.next();
    assertEquals(lease.job.priority, -7);
  });

  conformanceTest(harness, "a delayed job keeps its priority", async (it) => {
    await it.queue.enqueue([
      shellJob("urgent", { priority: 1, delayMs: it.leaseMs }),
      shellJob("a"),
      shellJob("b"),
    ]);
    const first = await it.next();
    await it.pass(it.leaseMs);
    await using second = await it.next();
    assertEquals([commandOf(first.job), commandOf(second.job)], ["a", "urgent"]);
  });

  conformanceTest(harness, "a job that goes back keeps its priority", async (it) => {
    await it.queue.enqueue([shellJob("low"), shellJob("high", { priority: 1, maxAttempts: 9 })]);
    await (await it.next()).release();
    await (await it.next()).retry({ delayMs: 0, failure: FAILURE });
    await it.next({ leaseMs: it.leaseMs });
    await it.pass(it.leaseMs);
    await (await it.next()).deadLetter(FAILURE);
    await it.queue.deadLetters.requeue("all");
    await using lease = await it.next();
    assertEquals(commandOf(lease.job), "high");
  });

  conformanceTest(harness, "a job whose lease ended waits behind a more urgent one", async (it) => {
    await pushNamed(it, ["0 lost"]);
    const lost = await it.next({ leaseMs: it.leaseMs });
    await it.pass(it.leaseMs);
    await pushNamed(it, ["1 urgent"]);
    const urgent = await it.next();
    assertEquals(commandOf(urgent.job), "1 urgent");
    // Nobody else has it so far.
    await lost.ack();
    await it.assertNothingDue();
  });

  for (const priority of [0.5, NaN, Infinity, MAX_PRIORITY + 1, -MAX_PRIORITY - 1]) {
    conformanceTest(
      harness,
      `a priority of ${priority} is refused, and with it the batch`,
      async ({ queue }) => {
        await assertRejects(queue.enqueue([shellJob(), shellJob("true", { priority })]), UsageError);
        assertEquals((await queue.counts()).ready, 0);
      },
    );
  }

  if (!harness.capabilities.keepsRecords) return;

  conformanceTest(harness, "position() counts jobs of higher priority, too", async (it) => {
    const [a = "", b = "", c = ""] = await pushNamed(it, ["0a", "1b", "0c"]);
    assertEquals(await Promise.all([a, b, c].map((id) => it.queue.position(id))), [1, 0, 2]);
  });
}

/** Pushes jobs whose commands begin with their priorities. */
async function pushNamed({ queue }: Fixture, commands: readonly string[]): Promise<readonly string[]> {
  return await queue.enqueue(commands.map((command) => shellJob(command, { priority: parseInt(command) })));
}

/** Completes all jobs; answers their commands in order. */
async function drain(it: Fixture): Promise<readonly string[]> {
  const order: string[] = [];
  for (let left = (await it.queue.counts()).ready ?? 0; left > 0; left--) {
    const lease = await it.next();
    order.push(commandOf(lease.job));
    await lease.ack();
  }
  return order;
}
