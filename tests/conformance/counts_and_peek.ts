import { assertEquals } from "../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Harness, LONG_MS } from "./harness.ts";

/** Looking without touching, and clearing. */
export function countsAndPeekTopic(harness: Harness): void {
  if (harness.capabilities.exactCounts) {
    conformanceTest(harness, "purge() removes delayed jobs, too", async (it) => {
      await it.queue.enqueue([shellJob(), shellJob("true", { delayMs: LONG_MS })]);
      assertEquals(await it.queue.purge(), 2);
      await it.assertCounts({});
    });

    conformanceTest(harness, "counts() tells each state", async (it) => {
      const jobs = ["done", "dead", "held", "ready", "ready"].map((command) => shellJob(command));
      await it.queue.enqueue([...jobs, shellJob("later", { delayMs: LONG_MS })]);
      await (await it.next()).ack();
      await (await it.next()).deadLetter(FAILURE);
      await using _held = await it.next();
      const { ready, delayed, running, failed, completed } = await it.queue.counts();
      assertEquals([ready, delayed, running, failed], [2, 1, 1, 1]);
      assertEquals(completed, harness.capabilities.keepsRecords ? 1 : undefined);
    });

    conformanceTest(harness, "counts() sees a delayed job become ready", async (it) => {
      await it.queue.enqueue([shellJob("true", { delayMs: it.leaseMs })]);
      await it.pass(it.leaseMs);
      const { ready, delayed } = await it.queue.counts();
      assertEquals([ready, delayed], [1, 0]);
    });
  }

  conformanceTest(harness, "peek() answers nothing on an empty queue", async ({ queue }) => {
    assertEquals(await queue.peek(10), []);
  });

  conformanceTest(harness, "peek() shows the next jobs in their order", async ({ queue }) => {
    await queue.enqueue(["a", "b", "c"].map((command) => shellJob(command)));
    assertEquals((await queue.peek(2)).map(commandOf), ["a", "b"]);
  });

  conformanceTest(harness, "peek() shows jobs as pending", async ({ queue }) => {
    const [id] = await queue.enqueue([shellJob("a", { name: "n" })]);
    const [job] = await queue.peek(1);
    assertEquals([job?.id, job?.state, job?.name, job?.attempts], [id, "pending", "n", 0]);
  });

  conformanceTest(harness, "peek() takes nothing away", async (it) => {
    const [id] = await it.queue.enqueue([shellJob()]);
    await it.queue.peek(10);
    await using lease = await it.next();
    assertEquals(lease.job.id, id);
  });

  conformanceTest(harness, "peek() does not show held, done and dead jobs", async (it) => {
    await it.queue.enqueue(["done", "dead", "held", "waiting"].map((command) => shellJob(command)));
    await (await it.next()).ack();
    await (await it.next()).deadLetter(FAILURE);
    await using _held = await it.next();
    assertEquals((await it.queue.peek(10)).map(commandOf), ["waiting"]);
  });

  conformanceTest(harness, "purge() removes the waiting jobs and answers how many", async (it) => {
    await it.queue.enqueue([shellJob(), shellJob()]);
    assertEquals(await it.queue.purge(), 2);
    await it.assertCounts({});
  });

  conformanceTest(harness, "purge() leaves held and dead jobs", async (it) => {
    await it.queue.enqueue([shellJob("dead"), shellJob("held"), shellJob("waiting")]);
    await (await it.next()).deadLetter(FAILURE);
    const held = await it.next();
    await it.queue.purge();
    await held.ack();
    assertEquals((await it.queue.counts()).failed, 1);
  });

  conformanceTest(harness, "purge() of an empty queue answers 0", async ({ queue }) => {
    assertEquals(await queue.purge(), 0);
  });
}
