import { isAlive, WORKER_BEAT_MS, type WorkerSelf } from "../../src/core/workers.ts";
import { assertEquals, assertExists } from "../support/assert.ts";
import { conformanceTest, type Fixture, type Harness } from "./harness.ts";
import { push } from "./job_in_state.ts";

const DAY_MS = 86_400_000;

const SELF: WorkerSelf = { id: "node-7'; DROP-1", host: "node-7", pid: 4_711, slots: 8 };

/** Who runs jobs of the queue. */
export function workersTopic(harness: Harness): void {
  conformanceTest(harness, "a queue has no workers at first", async ({ queue }) => {
    assertEquals(await queue.workers.list(), []);
  });

  conformanceTest(harness, "a registered worker is seen through another handle", async (it) => {
    const before = it.now();
    await using _presence = await it.queue.workers.register(SELF);
    const [worker, ...others] = await (await it.open()).workers.list();
    const { startedAt, beatAt, jobs, stop, ...self } = assertExists(worker);
    assertEquals([{ ...self }, others], [SELF, []]);
    assertEquals([jobs, stop, beatAt], [[], undefined, startedAt]);
    assertEquals(startedAt >= before && startedAt <= it.now(), true);
  });

  conformanceTest(harness, "a worker is seen with the jobs that it holds", async (it) => {
    await using _presence = await it.queue.workers.register(SELF);
    await using _other = await it.queue.workers.register({ ...SELF, id: "other" });
    const ids = [await push(it), await push(it), await push(it)];
    const done = await it.next({ workerId: SELF.id });
    await using _held = await it.next({ workerId: SELF.id });
    await using _others = await it.next({ workerId: "other" });
    await done.ack();
    const jobs = new Map((await it.queue.workers.list()).map((worker) => [worker.id, worker.jobs]));
    assertEquals([jobs.get(SELF.id), jobs.get("other")], [[ids[1] ?? ""], [ids[2] ?? ""]]);
  });

  conformanceTest(harness, "workers are listed oldest first", async (it) => {
    await using stack = new AsyncDisposableStack();
    for (const id of ["c", "a", "b"]) {
      stack.use(await it.queue.workers.register({ ...SELF, id }));
      await it.pass(10);
    }
    assertEquals(await idsOf(it), ["c", "a", "b"]);
  });

  conformanceTest(harness, "a worker that leaves is not seen any more", async (it) => {
    const presence = await it.queue.workers.register(SELF);
    await using _other = await it.queue.workers.register({ ...SELF, id: "other" });
    await presence[Symbol.asyncDispose]();
    assertEquals(await idsOf(it), ["other"]);
  });

  conformanceTest(harness, "a worker hears how it is to leave when it reports", async (it) => {
    await using presence = await it.queue.workers.register(SELF);
    assertEquals(await presence.report(), undefined);
    const other = await it.open();
    assertEquals(await other.workers.stop(SELF.id, "drain"), true);
    assertEquals(await presence.report(), "drain");
    assertEquals((await other.workers.list())[0]?.stop, "drain");
    assertEquals(await other.workers.stop(SELF.id, "now"), true);
    assertEquals(await presence.report(), "now");
  });

  conformanceTest(harness, "stop() of one worker leaves the others", async (it) => {
    await using presence = await it.queue.workers.register(SELF);
    await using _other = await it.queue.workers.register({ ...SELF, id: "other" });
    await it.queue.workers.stop("other", "now");
    assertEquals(await presence.report(), undefined);
  });

  conformanceTest(harness, "stop() of an unknown worker answers false", async (it) => {
    const presence = await it.queue.workers.register(SELF);
    for (const id of ["", "nobody", SELF.host]) assertEquals(await it.queue.workers.stop(id, "drain"), false);
    await presence[Symbol.asyncDispose]();
    assertEquals(await it.queue.workers.stop(SELF.id, "drain"), false);
  });

  conformanceTest(harness, "a worker that comes again under its name begins anew", async (it) => {
    await it.queue.workers.register(SELF);
    await it.queue.workers.stop(SELF.id, "drain");
    await using presence = await it.queue.workers.register({ ...SELF, pid: 4_712 });
    const [worker, ...others] = await it.queue.workers.list();
    assertEquals([worker?.pid, worker?.stop, others], [4_712, undefined, []]);
    assertEquals(await presence.report(), undefined);
  });

  if (!harness.clockIsReplaceable) return;

  conformanceTest(harness, "a worker lives as long as it reports", async (it) => {
    await using presence = await it.queue.workers.register(SELF);
    await it.pass(2 * WORKER_BEAT_MS);
    assertEquals(isAlive(assertExists((await it.queue.workers.list())[0]), it.now()), true);
    await it.pass(WORKER_BEAT_MS);
    assertEquals(isAlive(assertExists((await it.queue.workers.list())[0]), it.now()), false);
    await presence.report();
    const worker = assertExists((await it.queue.workers.list())[0]);
    assertEquals([isAlive(worker, it.now()), worker.beatAt - worker.startedAt], [true, 3 * WORKER_BEAT_MS]);
  });

  conformanceTest(harness, "a worker that was not heard of for a day is forgotten", async (it) => {
    await using old = await it.queue.workers.register(SELF);
    await it.pass(DAY_MS - 1_000);
    await using _young = await it.queue.workers.register({ ...SELF, id: "young" });
    assertEquals(await idsOf(it), [SELF.id, "young"]);
    await it.pass(2_000);
    assertEquals(await idsOf(it), ["young"]);
    assertEquals(await it.queue.workers.stop(SELF.id, "drain"), false);
    await old.report();
    assertEquals((await idsOf(it)).toSorted(), [SELF.id, "young"]);
  });
}

async function idsOf({ queue }: Fixture): Promise<readonly string[]> {
  return (await queue.workers.list()).map(({ id }) => id);
}
