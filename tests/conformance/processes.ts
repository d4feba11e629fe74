import { assertEquals } from "../support/assert.ts";
import { Child } from "../support/child.ts";
import { commandOf, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Harness } from "./harness.ts";

/** Several processes at one queue. */
export function processesTopic(harness: Harness): void {
  const real = { ...harness, clockIsReplaceable: false };

  conformanceTest(real, "4 processes complete 500 jobs, each exactly once", async (it) => {
    const ids = await it.queue.enqueue(Array.from({ length: 500 }, (_, index) => shellJob(`echo ${index}`)));
    await using children = new AsyncDisposableStack();
    const hammers = [1, 2, 3, 4].map(() => children.use(new Child("hammer.ts", [it.address])));
    const acked = (await Promise.all(hammers.map((child) => child.finish()))).flat().filter((id) =>
      id !== ""
    );
    assertEquals(acked.toSorted(), ids.toSorted());
    await it.assertNothingDue();
  });

  conformanceTest(real, "4 processes push 4 x 40 jobs, and none is lost", async (it) => {
    await using children = new AsyncDisposableStack();
    const pushers = [1, 2, 3, 4].map((name) =>
      children.use(new Child("pusher.ts", [it.address, "40", `p${name}`]))
    );
    const ids = (await Promise.all(pushers.map((child) => child.finish()))).flat();
    const jobs = await it.queue.peek(1_000);
    assertEquals(jobs.map(({ id }) => id).toSorted(), ids.toSorted());
    assertEquals(new Set(jobs.map(commandOf)).size, 160);
  });

  conformanceTest(real, "a job that another process pushed is leased here", async (it) => {
    await using child = new Child("pusher.ts", [it.address, "1", "there"]);
    const id = await child.line();
    await using lease = await it.next();
    assertEquals([lease.job.id, commandOf(lease.job)], [id, "echo there-0"]);
  });

  conformanceTest(real, "a job that another process holds is not leased here", async (it) => {
    const [id] = await it.queue.enqueue([shellJob()]);
    await using child = new Child("holder.ts", [it.address, "60000"]);
    assertEquals(await child.line(), `${id} 0`);
    await it.assertNothingDue();
  });
}
