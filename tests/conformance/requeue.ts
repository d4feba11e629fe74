import type { RequeueableState } from "../../src/core/job_store.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { commandOf, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Harness } from "./harness.ts";
import { jobIn, push } from "./job_in_state.ts";

const REQUEUEABLE: readonly RequeueableState[] = ["failed", "timeout", "cancelled"];

/** Bringing finished jobs back. */
export function requeueTopic(harness: Harness): void {
  for (const state of REQUEUEABLE) {
    conformanceTest(
      harness,
      `requeue() brings back a job in state ${state} as if it were new`,
      async (it) => {
        const id = await jobIn(it, state, shellJob("true", { name: "n", maxAttempts: 3 }));
        const before = await it.get(id);
        await it.pass(10);
        assertEquals(await it.queue.requeue([id]), { requeued: 1, children: 0, refused: [] });
        const after = await it.get(id);
        assertEquals([after.state, after.attempts, after.name, after.maxAttempts], ["pending", 0, "n", 3]);
        assertEquals(
          [after.failure, after.finishedAt, after.startedAt, after.workerId],
          Array(4).fill(undefined),
        );
        assertEquals([after.exitCode, after.signal, after.result, after.warning], Array(4).fill(undefined));
        assertEquals([after.executions, after.history], [before.executions, before.history]);
        assert(after.updatedAt >= before.updatedAt + 10);
        await using lease = await it.next();
        assertEquals([lease.job.id, lease.job.attempts], [id, 0]);
      },
    );
  }

  conformanceTest(harness, "a requeued job can come to every other end", async (it) => {
    const id = await jobIn(it, "failed");
    await it.queue.requeue([id]);
    await (await it.next()).ack("result");
    const { state, failure, attempts, result } = await it.get(id);
    assertEquals([state, failure, attempts, result], ["completed", undefined, 1, "result"]);
  });

  conformanceTest(harness, "a requeued job takes its old place", async (it) => {
    const id = await jobIn(it, "failed", shellJob("old"));
    await push(it, shellJob("new"));
    await it.queue.requeue([id]);
    await using lease = await it.next();
    assertEquals(commandOf(lease.job), "old");
  });

  conformanceTest(harness, "requeue() by states brings back all in them, and no others", async (it) => {
    const ids = await Promise.all(REQUEUEABLE.map((state) => jobIn(it, state)));
    const completed = await jobIn(it, "completed");
    const { requeued } = await it.queue.requeue({ states: ["failed", "timeout"] });
    assertEquals(requeued, 2);
    assertEquals(await it.states(...ids, completed), ["pending", "pending", "cancelled", "completed"]);
    assertEquals((await it.queue.requeue({ states: ["cancelled"] })).requeued, 1);
    assertEquals((await it.queue.requeue({ states: ["failed"] })).requeued, 0);
  });

  const REFUSED = {
    pending: "is waiting already",
    running: "is running; cancel it first",
    completed: "is completed",
  } as const;
  for (const [state, reason] of Object.entries(REFUSED)) {
    conformanceTest(harness, `requeue() refuses a job that ${reason}`, async (it) => {
      const id = await jobIn(it, state as keyof typeof REFUSED);
      const before = await it.get(id);
      assertEquals(await it.queue.requeue([id]), { requeued: 0, children: 0, refused: [{ id, reason }] });
      assertEquals(await it.get(id), before);
    });
  }

  conformanceTest(harness, "requeue() refuses a job that is being stopped", async (it) => {
    const id = await jobIn(it, "running");
    await it.queue.cancel([id]);
    const { refused } = await it.queue.requeue([id]);
    assertEquals(refused, [{ id, reason: "is being stopped; wait for its end" }]);
  });

  conformanceTest(harness, "requeue() refuses what is no job, and brings back the rest", async (it) => {
    const id = await jobIn(it, "failed");
    const strangers = ["no-such-id", "", "999999-abcdef", "1'; DROP TABLE jobs; --"];
    assertEquals(await it.queue.requeue([...strangers, id]), {
      requeued: 1,
      children: 0,
      refused: strangers.map((one) => ({ id: one, reason: "is not a job of this queue" })),
    });
  });

  conformanceTest(harness, "requeue() counts an id that is given twice once", async (it) => {
    const id = await jobIn(it, "failed");
    assertEquals(await it.queue.requeue([id, id]), { requeued: 1, children: 0, refused: [] });
  });

  conformanceTest(harness, "requeue() forgives lost leases", async (it) => {
    const id = await push(it, shellJob("killer"));
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 5; i++) {
        await it.next({ leaseMs: it.leaseMs });
        await it.pass(it.leaseMs);
      }
      await it.assertNothingDue();
      assertEquals(await it.states(id), ["failed"]);
      assertEquals((await it.queue.requeue([id])).requeued, 1);
    }
  });
}
