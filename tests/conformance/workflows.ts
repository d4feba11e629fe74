import { CycleError, JobRefusedError, UsageError } from "../../src/core/errors.ts";
import type { JsonValue, NewJob } from "../../src/core/job.ts";
import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness } from "./harness.ts";
import { bringTo, push } from "./job_in_state.ts";

/** Jobs that wait for each other, pushed together. */
export function workflowsTopic(harness: Harness): void {
  conformanceTest(harness, "jobs of a push may name each other in any order", async (it) => {
    const ids = await it.queue.enqueue([
      shellJob("last", { after: [{ key: "middle" }] }),
      shellJob("first", { key: "first" }),
      shellJob("middle", { key: "middle", after: [{ key: "first" }] }),
    ]);
    assertEquals(await it.states(...ids), ["blocked", "pending", "blocked"]);
    assertEquals(await drain(it), ["first", "middle", "last"]);
  });

  conformanceTest(harness, "a diamond runs its end once, when both sides are done", async (it) => {
    await it.queue.enqueue(diamond());
    assertEquals(await drain(it), ["top", "left", "right", "bottom"]);
  });

  conformanceTest(
    harness,
    "one failed side of a diamond cancels its end, the other side goes on",
    async (it) => {
      const [top = "", left = "", right = "", bottom = ""] = await it.queue.enqueue(diamond());
      await bringTo(it, top, "completed");
      await bringTo(it, left, "failed");
      assertEquals(await it.states(right, bottom), ["pending", "cancelled"]);
      await bringTo(it, right, "completed");
      assertEquals(await it.states(bottom), ["cancelled"]);
    },
  );

  conformanceTest(harness, "a fan-out of 100 and a fan-in add up 100 results", async (it) => {
    const keys = Array.from({ length: 100 }, (_, index) => `part-${index}`);
    const [, ...ids] = await it.queue.enqueue([
      shellJob("split", { key: "split" }),
      ...keys.map((key, index) => shellJob(`${index}`, { key, after: [{ key: "split" }] })),
      shellJob("sum", { after: keys.map((key) => ({ key })) }),
    ]);
    await (await it.next()).ack();
    assertEquals((await it.queue.counts()).ready, 100);
    for (const _ of keys) {
      const lease = await it.next();
      await lease.ack(Number(commandOf(lease.job)));
    }
    const sum = await it.next();
    assertEquals(commandOf(sum.job), "sum");
    const results = await sum.parentResults();
    assertEquals(Object.keys(results), ids.slice(0, 100));
    assertEquals(
      Object.values(results).reduce((total: number, one: JsonValue) => total + Number(one), 0),
      4_950,
    );
  });

  conformanceTest(harness, "a failed stage is fixed by a requeue, and the pipeline completes", async (it) => {
    const keys = Array.from({ length: 5 }, (_, index) => `part-${index}`);
    await it.queue.enqueue([
      shellJob("split", { key: "split" }),
      ...keys.map((key) => shellJob(key, { key, after: [{ key: "split" }] })),
      shellJob("sum", { key: "sum", after: keys.map((key) => ({ key })) }),
      shellJob("report", { after: [{ key: "sum" }] }),
    ]);
    await (await it.next()).ack();
    for (const key of keys) {
      const lease = await it.next();
      await (key === "part-1" || key === "part-3" ? lease.deadLetter(FAILURE) : lease.ack());
    }
    const { completed, failed, cancelled } = await it.queue.counts();
    assertEquals([completed, failed, cancelled], [4, 2, 2]);
    assertEquals(await it.queue.requeue({ states: ["failed"] }), { requeued: 2, children: 2, refused: [] });
    assertEquals(await drain(it), ["part-1", "part-3", "sum", "report"]);
    assertEquals((await it.queue.counts()).completed, 8);
  });

  conformanceTest(harness, "a chain of 1,000 jobs is cancelled to its end", async (it) => {
    const ids = await it.queue.enqueue(
      Array.from(
        { length: 1_000 },
        (_, index) =>
          shellJob(`${index}`, { key: `${index}`, after: index === 0 ? [] : [{ key: `${index - 1}` }] }),
      ),
    );
    assertEquals((await it.queue.cancel([ids[0] ?? ""])).children, 999);
    assertEquals((await it.queue.counts()).cancelled, 1_000);
  });

  conformanceTest(harness, "a job may wait for 10,000 others", async (it) => {
    const parents = await it.queue.enqueue(Array.from({ length: 10_000 }, () => shellJob()));
    const child = await push(it, shellJob("child", { after: parents.map((job) => ({ job, when: "any" })) }));
    assertEquals((await it.get(child)).parents.map(({ id }) => id), [...parents]);
    await it.queue.cancel(parents.slice(1));
    assertEquals(await it.states(child), ["blocked"]);
    await (await it.next()).ack(7);
    const lease = await it.next();
    assertEquals([lease.job.id, (await lease.parentResults())[parents[0] ?? ""]], [child, 7]);
  });

  conformanceTest(harness, "jobs may wait for jobs of the push and for others at once", async (it) => {
    const old = await push(it, shellJob("old"));
    await it.queue.enqueue([
      shellJob("new", { key: "new" }),
      shellJob("both", { after: [{ job: old }, { key: "new" }] }),
    ]);
    assertEquals(await drain(it), ["old", "new", "both"]);
  });

  conformanceTest(harness, "a key names jobs of its own push only", async (it) => {
    await it.queue.enqueue([shellJob("true", { key: "k" })]);
    assertEquals((await it.queue.list())[0]?.key, undefined);
    const error = await assertRejects(
      it.queue.enqueue([shellJob("fine"), shellJob("true", { after: [{ key: "k" }] })]),
      JobRefusedError,
    );
    assertEquals(error.index, 1);
    assertMatch(error.message, /"k"/);
    await it.queue.enqueue([shellJob("true", { key: "k" })]);
    assertEquals((await it.queue.counts()).ready, 2);
  });

  conformanceTest(harness, "two jobs of a push with the same key are refused", async (it) => {
    const jobs = [shellJob("a", { key: "k" }), shellJob("b"), shellJob("c", { key: "k" })];
    assertEquals((await assertRejects(it.queue.enqueue(jobs), JobRefusedError)).index, 2);
    assertEquals(await it.queue.list(), []);
  });

  const CYCLES: Readonly<Record<string, { jobs: readonly NewJob[]; indexes: readonly number[] }>> = {
    "a job that waits for itself": {
      jobs: [shellJob("fine"), shellJob("a", { key: "a", after: [{ key: "a" }] })],
      indexes: [1],
    },
    "a circle of three": {
      jobs: ["c", "a", "b"].map((parent, index) =>
        shellJob("x", { key: "abc"[index], after: [{ key: parent }] })
      ),
      indexes: [0, 1, 2],
    },
  };
  for (const [what, { jobs, indexes }] of Object.entries(CYCLES)) {
    conformanceTest(harness, `${what} is refused, and nothing is pushed`, async (it) => {
      const error = await assertRejects(it.queue.enqueue(jobs), CycleError);
      assertEquals(error.indexes.toSorted(), indexes);
      assertEquals(await it.queue.list(), []);
    });
  }

  for (const key of ["", "a,b", "a b", "a\n", "k:any", "x".repeat(201)]) {
    conformanceTest(harness, `the key ${JSON.stringify(key.slice(0, 9))} is refused`, async ({ queue }) => {
      await assertRejects(queue.enqueue([shellJob("true", { key })]), UsageError);
      assertEquals(await queue.list(), []);
    });
  }
}

function diamond(): readonly NewJob[] {
  return [
    shellJob("top", { key: "top" }),
    shellJob("left", { key: "left", after: [{ key: "top" }] }),
    shellJob("right", { key: "right", after: [{ key: "top" }] }),
    shellJob("bottom", { after: [{ key: "left" }, { key: "right" }] }),
  ];
}

/** Completes jobs until none is ready; answers their commands in order. */
async function drain(it: Fixture): Promise<readonly string[]> {
  const order: string[] = [];
  while ((await it.queue.counts()).ready !== 0) {
    const lease = await it.next();
    order.push(commandOf(lease.job));
    await lease.ack();
  }
  return order;
}
