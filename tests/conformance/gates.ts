import type { NewRefusal } from "../../src/core/gate.ts";
import { LeaseLostError } from "../../src/core/errors.ts";
import type { Lease } from "../../src/core/queue.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { FAILURE, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness, LONG_MS } from "./harness.ts";

const GATED = { gateCmd: "test -e /dev/nvidia0  # ünïcode \\ \"'", maxAttempts: 2 };

function refuse(it: Fixture, lease: Lease, { workerId = "w1", delayMs = 0 } = {}): Promise<void> {
  const refusal: NewRefusal = { workerId, host: "node1", reason: "exit code 3", at: it.now() };
  return lease.refuse({ delayMs, refusal });
}

/** Gates, which keep a worker from running a job, and places to synchronise to. */
export function gatesTopic(harness: Harness): void {
  conformanceTest(harness, "a lease has the job's gate and the place to synchronise to", async (it) => {
    const wanted = { gateCmd: GATED.gateCmd, bgDirsyncTo: "/mnt/out put/1", bgDirsyncCreate: true };
    await it.queue.enqueue([shellJob("true", wanted)]);
    await using lease = await it.next();
    const { gateCmd, bgDirsyncTo, bgDirsyncCreate } = lease.job;
    assertEquals({ gateCmd, bgDirsyncTo, bgDirsyncCreate }, wanted);
  });

  conformanceTest(harness, "a job without a gate has none, and no place to synchronise to", async (it) => {
    await it.queue.enqueue([shellJob()]);
    await using lease = await it.next();
    const { gateCmd, bgDirsyncTo, bgDirsyncCreate } = lease.job;
    assertEquals([gateCmd, bgDirsyncTo, bgDirsyncCreate], [undefined, undefined, undefined]);
  });

  conformanceTest(harness, "refuse() brings the job back at once, the attempt uncounted", async (it) => {
    const [id] = await it.queue.enqueue([shellJob("true", GATED)]);
    await refuse(it, await it.next());
    await using again = await it.next();
    assertEquals([again.job.id, again.job.attempts, again.job.gateCmd], [id, 0, GATED.gateCmd]);
  });

  conformanceTest(harness, "refuse() keeps the job away for its delay", async (it) => {
    await it.queue.enqueue([shellJob("true", GATED)]);
    await refuse(it, await it.next(), { delayMs: LONG_MS });
    await it.assertNothingDue();
    await it.assertCounts({ delayed: 1 });
  });

  conformanceTest(harness, "refuse() brings the job back after its delay", async (it) => {
    const [id] = await it.queue.enqueue([shellJob("true", GATED)]);
    await refuse(it, await it.next(), { delayMs: it.leaseMs });
    await it.pass(it.leaseMs);
    await using again = await it.next();
    assertEquals([again.job.id, again.job.attempts], [id, 0]);
  });

  conformanceTest(
    harness,
    "a job that went round keeps the attempts that it had, and may fail",
    async (it) => {
      await it.queue.enqueue([shellJob("true", GATED)]);
      await (await it.next()).retry({ delayMs: 0, failure: FAILURE });
      for (let round = 0; round < 12; round++) await refuse(it, await it.next());
      const lease = await it.next();
      assertEquals(lease.job.attempts, 1);
      await lease.deadLetter(FAILURE);
      await it.assertCounts({ failed: 1 });
    },
  );

  conformanceTest(harness, "refuse() twice is a LeaseLostError", async (it) => {
    await it.queue.enqueue([shellJob("true", GATED)]);
    const lease = await it.next();
    await refuse(it, lease);
    await assertRejects(refuse(it, lease), LeaseLostError);
    await using _again = await it.next();
    await it.assertNothingDue();
  });
}

/** The same, where records are kept. */
export function gateRecordsTopic(harness: Harness): void {
  conformanceTest(harness, "the workers on which a gate refused a job are remembered", async (it) => {
    const [id = ""] = await it.queue.enqueue([shellJob("true", GATED)]);
    await refuse(it, await it.next({ workerId: "w1" }));
    await it.pass(1_000);
    await refuse(it, await it.next({ workerId: "w2" }), { workerId: "w2" });
    await it.pass(1_000);
    const at = it.now();
    await refuse(it, await it.next({ workerId: "w1" }));
    const { refusals } = await it.get(id);
    assertEquals(refusals?.map(({ workerId, times }) => [workerId, times]), [["w2", 1], ["w1", 2]]);
    assertEquals(refusals?.at(-1), { workerId: "w1", host: "node1", reason: "exit code 3", at, times: 2 });
  });

  conformanceTest(harness, "refusals stay known when the job is done", async (it) => {
    const [id = ""] = await it.queue.enqueue([shellJob("true", GATED)]);
    await refuse(it, await it.next());
    await (await it.next()).ack();
    assertEquals((await it.get(id)).refusals?.length, 1);
    assertEquals((await it.queue.list({})).map(({ refusals }) => refusals?.length), [1]);
  });

  conformanceTest(
    harness,
    "an execution that its gate refused is in the history until the next",
    async (it) => {
      const [id = ""] = await it.queue.enqueue([shellJob("true", GATED)]);
      await refuse(it, await it.next({ workerId: "w1" }));
      const refused = (await it.get(id)).history;
      assertEquals(
        refused.map(({ number, workerId, outcome, error }) => [number, workerId, outcome, error]),
        [[1, "w1", "gated", "exit code 3"]],
      );
      const lease = await it.next({ workerId: "w2" });
      assertEquals(lease.job.executions, 1);
      await lease.ack();
      const { history, executions } = await it.get(id);
      assertEquals(
        history.map(({ number, workerId, outcome, error }) => [number, workerId, outcome, error]),
        [
          [1, "w2", "completed", undefined],
        ],
      );
      assertEquals(executions, 1);
    },
  );

  conformanceTest(harness, "refusals leave earlier executions as they are", async (it) => {
    const [id = ""] = await it.queue.enqueue([shellJob("true", GATED)]);
    await (await it.next({ workerId: "w1" })).retry({ delayMs: 0, failure: FAILURE });
    for (let round = 0; round < 3; round++) await refuse(it, await it.next({ workerId: "w2" }));
    await it.next({ leaseMs: it.leaseMs, workerId: "w3" });
    await it.pass(it.leaseMs);
    await refuse(it, await it.next({ workerId: "w2" }));
    await (await it.next({ workerId: "w4" })).ack();
    const { history } = await it.get(id);
    assertEquals(history.map(({ number, workerId, outcome }) => [number, workerId, outcome]), [
      [1, "w1", "failed"],
      [2, "w3", "lost"],
      [3, "w4", "completed"],
    ]);
  });

  conformanceTest(
    harness,
    "a refused execution stays in the history of a job that is requeued",
    async (it) => {
      const [id = ""] = await it.queue.enqueue([shellJob("true", GATED)]);
      await refuse(it, await it.next({ workerId: "w1" }), { delayMs: it.leaseMs });
      await it.queue.cancel([id], { reason: "enough" });
      await it.queue.requeue([id]);
      await (await it.next({ workerId: "w2" })).ack();
      const { history } = await it.get(id);
      assertEquals(history.map(({ number, outcome, error }) => [number, outcome, error]), [
        [1, "gated", "exit code 3"],
        [2, "completed", undefined],
      ]);
    },
  );

  conformanceTest(harness, "a job that is cancelled while its gate is asked does not go back", async (it) => {
    const [id = ""] = await it.queue.enqueue([shellJob("true", GATED)]);
    const lease = await it.next();
    await it.queue.cancel([id], { reason: "enough" });
    await refuse(it, lease);
    const { state, failure } = await it.get(id);
    assertEquals([state, failure?.message], ["cancelled", "enough"]);
  });

  conformanceTest(
    harness,
    "a job that goes round for long leaves one execution and one refusal",
    async (it) => {
      const [id = ""] = await it.queue.enqueue([shellJob("true", GATED)]);
      for (let round = 0; round < 150; round++) await refuse(it, await it.next({ workerId: "w1" }));
      const { history, executions, refusals } = await it.get(id);
      assertEquals([history.length, executions, refusals?.map(({ times }) => times)], [1, 1, [150]]);
      await (await it.next()).ack("done");
      const { state, result } = await it.get(id);
      assertEquals([state, result], ["completed", "done"]);
    },
  );

  conformanceTest(harness, "of many workers the last ones are remembered", async (it) => {
    const [id = ""] = await it.queue.enqueue([shellJob("true", GATED)]);
    for (let worker = 0; worker < 20; worker++) {
      await refuse(it, await it.next(), { workerId: `w${worker}` });
    }
    const { refusals } = await it.get(id);
    assertEquals([refusals?.length, refusals?.[0]?.workerId, refusals?.at(-1)?.workerId], [16, "w4", "w19"]);
  });
}
