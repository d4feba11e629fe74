import type { Queue } from "../../src/core/queue.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness, LONG_MS } from "./harness.ts";
import { jobIn, push } from "./job_in_state.ts";

const HOUR_MS = 3_600_000;

/** A clock that is set back by an hour. */
export function clockStepsTopic(harness: Harness): void {
  conformanceTest(
    harness,
    "ready jobs can be leased after the clock stepped back, in their order",
    async (it) => {
      await it.queue.enqueue([shellJob("low"), shellJob("high", { priority: priorityOf(harness, 1) })]);
      await it.stepBack(HOUR_MS);
      await it.queue.enqueue([shellJob("lowest", { priority: priorityOf(harness, -1) })]);
      const queue = await it.open();
      const order = [
        await it.next({ from: queue }),
        await it.next({ from: queue }),
        await it.next({ from: queue }),
      ];
      assertEquals(
        order.map(({ job }) => commandOf(job)),
        harness.capabilities.priorities ? ["high", "low", "lowest"] : ["low", "high", "lowest"],
      );
    },
  );

  conformanceTest(
    harness,
    "a job that was given back is ready although the clock stepped back",
    async (it) => {
      await push(it, shellJob("true", { maxAttempts: 9 }));
      await (await it.next()).release();
      await it.stepBack(HOUR_MS);
      await (await it.next({ from: await it.open() })).retry({ delayMs: 0, failure: FAILURE });
      await it.stepBack(HOUR_MS);
      await using _again = await it.next({ from: await it.open() });
    },
  );

  const DELAYED: Readonly<Record<string, (it: Fixture, delayMs: number) => Promise<unknown>>> = {
    "a push": (it, delayMs) => push(it, shellJob("true", { delayMs })),
    "a retry": async (it, delayMs) => {
      await push(it, shellJob("true", { maxAttempts: 2 }));
      await (await it.next()).retry({ delayMs, failure: FAILURE });
    },
    "a release": async (it, delayMs) => {
      await push(it);
      await (await it.next()).release({ delayMs });
    },
    "a lease whose worker died": async (it, delayMs) => {
      await push(it);
      await it.next({ leaseMs: delayMs });
    },
  };
  for (const [what, delay] of Object.entries(DELAYED)) {
    conformanceTest(
      harness,
      `the wait after ${what} gets no longer when the clock steps back`,
      async (it) => {
        await delay(it, it.leaseMs);
        await it.stepBack(HOUR_MS);
        assertEquals(await leaseNow(await it.open()), undefined);
        await it.pass(it.leaseMs);
        assert(await leaseNow(await it.open()));
      },
    );
  }

  conformanceTest(
    harness,
    "a handle that is open while the clock steps back notices that, too",
    async (it) => {
      await it.assertNothingDue();
      await push(it, shellJob("true", { delayMs: it.leaseMs }));
      await it.stepBack(HOUR_MS);
      await it.assertNothingDue();
      await it.pass(it.leaseMs);
      await using _lease = await it.next();
    },
  );

  conformanceTest(harness, "a delay that had ended is over although the clock stepped back", async (it) => {
    await push(it, shellJob("delayed", { delayMs: it.leaseMs }));
    await push(it, shellJob("other"));
    await it.pass(it.leaseMs);
    await (await it.next()).release();
    await it.stepBack(HOUR_MS);
    await using lease = await it.next({ from: await it.open() });
    assertEquals(commandOf(lease.job), "delayed");
  });

  conformanceTest(harness, "a holder keeps its lease when the clock steps back", async (it) => {
    const id = await push(it);
    const lease = await it.next();
    await it.stepBack(HOUR_MS);
    await it.assertNothingDue();
    await lease.renew(LONG_MS);
    assertEquals(lease.expiresAt, it.now() + LONG_MS);
    await lease.ack();
    assertEquals(await it.states(id), ["completed"]);
  });

  conformanceTest(harness, "no duration is negative after the clock stepped back", async (it) => {
    const id = await push(it, shellJob("true", { maxAttempts: 9 }));
    for (const outcome of ["failed", "interrupted", "completed"] as const) {
      const lease = await it.next();
      await it.stepBack(HOUR_MS);
      if (outcome === "failed") await lease.retry({ delayMs: 0, failure: FAILURE });
      else if (outcome === "interrupted") await lease.release();
      else await lease.ack();
    }
    const { startedAt = NaN, finishedAt = NaN, history } = await it.get(id);
    assert(finishedAt >= startedAt);
    assertEquals(history.map(({ outcome }) => outcome), ["failed", "interrupted", "completed"]);
    for (const execution of history) assert((execution.endedAt ?? NaN) >= execution.startedAt);
    const { duration } = await it.queue.stats();
    assert(duration !== undefined && duration.medianMs >= 0 && duration.p95Ms >= 0);
  });

  conformanceTest(
    harness,
    "a lost execution ends after it began although the clock stepped back",
    async (it) => {
      const id = await push(it);
      await it.next({ leaseMs: it.leaseMs });
      await it.stepBack(HOUR_MS);
      await it.assertNothingDue();
      await it.pass(it.leaseMs);
      await using _lease = await it.next();
      const [lost] = (await it.get(id)).history;
      assert(lost?.outcome === "lost" && (lost.endedAt ?? NaN) >= lost.startedAt);
    },
  );

  conformanceTest(harness, "jobs finish, are listed and removed after the clock stepped back", async (it) => {
    const before = await jobIn(it, "completed");
    await it.stepBack(HOUR_MS);
    const after = await jobIn(it, "failed");
    assertEquals(new Set((await it.queue.list()).map(({ id }) => id)), new Set([before, after]));
    assertEquals((await it.queue.requeue([after])).requeued, 1);
    assertEquals((await it.queue.prune()).removed, 1);
  });

  if (!harness.capabilities.dependencies) return;

  conformanceTest(harness, "a blocked job's delay gets no longer when the clock steps back", async (it) => {
    const parent = await push(it);
    const child = await push(it, shellJob("true", { after: [{ job: parent }], delayMs: it.leaseMs }));
    await it.stepBack(HOUR_MS);
    await (await it.next()).ack();
    assertEquals(await leaseNow(await it.open()), undefined);
    await it.pass(it.leaseMs);
    assertEquals((await leaseNow(await it.open()))?.job.id, child);
  });
}

function priorityOf({ capabilities }: Harness, priority: number): number | undefined {
  return capabilities.priorities ? priority : undefined;
}

function leaseNow(queue: Queue) {
  return queue.lease({ leaseMs: LONG_MS, waitMs: 0 });
}
