import { assertEquals } from "../support/assert.ts";
import { Child } from "../support/child.ts";
import { commandOf, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Harness } from "./harness.ts";

/** Holders that end without a word. */
export function killTopic(harness: Harness): void {
  const real = { ...harness, clockIsReplaceable: false };

  conformanceTest(real, "a killed holder's job comes back, the attempt uncounted", async (it) => {
    const [id] = await it.queue.enqueue([shellJob("true", { maxAttempts: 2 })]);
    await using holder = new Child("holder.ts", [it.address, `${it.leaseMs}`]);
    await holder.line();
    await holder.kill();
    await using lease = await it.next();
    assertEquals([lease.job.id, lease.job.attempts], [id, 0]);
  });

  conformanceTest(real, "a job that outlives five killed holders is poison", async (it) => {
    const [id] = await it.queue.enqueue([shellJob("killer")]);
    for (let i = 0; i < 5; i++) {
      await using holder = new Child("holder.ts", [it.address, `${it.leaseMs}`]);
      assertEquals(await holder.line(), `${id} 0`);
      await holder.kill();
    }
    await it.pass(it.leaseMs);
    await it.queue.enqueue([shellJob("innocent")]);
    await using next = await it.next();
    assertEquals(commandOf(next.job), "innocent");
    const [letter] = await it.queue.deadLetters.list();
    assertEquals([letter?.job.id, letter?.failure.kind], [id, "poison"]);
  });

  conformanceTest(real, "a killed pusher's acknowledged jobs are all there", async (it) => {
    await using pusher = new Child("pusher.ts", [it.address, "100000", "endless"]);
    const acknowledged: string[] = [];
    for (let i = 0; i < 20; i++) acknowledged.push(await pusher.line());
    await pusher.kill();
    const there = new Set((await it.queue.peek(100_000)).map(({ id }) => id));
    assertEquals(acknowledged.filter((id) => !there.has(id)), []);
  });
}
