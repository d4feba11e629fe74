import type { JobId } from "../../src/core/job.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { FAILURE, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness } from "./harness.ts";
import { bringTo } from "./job_in_state.ts";

/** Bringing back jobs that wait for others, or others for them. */
export function requeueChildrenTopic(harness: Harness): void {
  conformanceTest(
    harness,
    "requeue() of a failed parent brings back what was cancelled because of it",
    async (it) => {
      const [a, b, c] = await chain(it);
      await bringTo(it, a, "failed");
      assertEquals(await it.states(a, b, c), ["failed", "cancelled", "cancelled"]);
      assertEquals(await it.queue.requeue([a]), { requeued: 1, children: 2, refused: [] });
      assertEquals(await it.states(a, b, c), ["pending", "blocked", "blocked"]);
      const { failure, finishedAt } = await it.get(b);
      assertEquals([failure, finishedAt], [undefined, undefined]);
      for (const id of [a, b, c]) {
        const lease = await it.next();
        assertEquals(lease.job.id, id);
        await lease.ack();
      }
      assertEquals((await it.queue.counts()).completed, 3);
    },
  );

  conformanceTest(
    harness,
    "requeue() of a cancelled parent brings back what was cancelled with it",
    async (it) => {
      const [a, b, c] = await chain(it);
      await it.queue.cancel([a]);
      assertEquals(await it.queue.requeue({ states: ["cancelled"] }), {
        requeued: 3,
        children: 0,
        refused: [],
      });
      assertEquals(await it.states(a, b, c), ["pending", "blocked", "blocked"]);
    },
  );

  conformanceTest(harness, "requeue() leaves a child that somebody cancelled", async (it) => {
    const [a, b, c] = await chain(it);
    await it.queue.cancel([b]);
    await bringTo(it, a, "failed");
    assertEquals(await it.queue.requeue([a]), { requeued: 1, children: 0, refused: [] });
    assertEquals(await it.states(a, b, c), ["pending", "cancelled", "cancelled"]);
  });

  conformanceTest(harness, "a child of two failed parents comes back when both do", async (it) => {
    const [a = "", b = "", child = ""] = await it.queue.enqueue([
      shellJob("a", { key: "a" }),
      shellJob("b", { key: "b" }),
      shellJob("child", { after: [{ key: "a" }, { key: "b" }] }),
    ]);
    await bringTo(it, a, "failed");
    await bringTo(it, b, "failed");
    assertEquals(await it.queue.requeue([a]), { requeued: 1, children: 0, refused: [] });
    assertEquals(await it.states(child), ["cancelled"]);
    assertEquals(await it.queue.requeue([b]), { requeued: 1, children: 1, refused: [] });
    assertEquals(await it.states(a, b, child), ["pending", "pending", "blocked"]);
    await (await it.next()).ack();
    assertEquals(await it.states(child), ["blocked"]);
    await (await it.next()).ack();
    assertEquals(await it.states(child), ["pending"]);
  });

  conformanceTest(harness, "requeue() by states brings back parents and children at once", async (it) => {
    const [a = "", b = "", child = ""] = await it.queue.enqueue([
      shellJob("a", { key: "a" }),
      shellJob("b", { key: "b" }),
      shellJob("child", { after: [{ key: "a" }, { key: "b" }] }),
    ]);
    await bringTo(it, a, "failed");
    await bringTo(it, b, "failed");
    assertEquals(await it.queue.requeue({ states: ["failed"] }), { requeued: 2, children: 1, refused: [] });
    assertEquals(await it.states(child), ["blocked"]);
  });

  conformanceTest(harness, "requeue() refuses a job whose parent failed, and says which one", async (it) => {
    const [a, b, c] = await chain(it);
    await bringTo(it, a, "failed");
    const { requeued, refused } = await it.queue.requeue([b]);
    assertEquals([requeued, refused.map(({ id }) => id)], [0, [b]]);
    assertMatch(refused[0]?.reason ?? "", new RegExp(`parent ${a}\\b.*failed.*; requeue that$`));
    assertEquals(await it.states(a, b, c), ["failed", "cancelled", "cancelled"]);
  });

  conformanceTest(
    harness,
    "requeue() takes a child together with its failed parent, in any order",
    async (it) => {
      const [a, b, c] = await chain(it);
      await bringTo(it, a, "failed");
      assertEquals(await it.queue.requeue([c, b, a]), { requeued: 3, children: 0, refused: [] });
      assertEquals(await it.states(a, b, c), ["pending", "blocked", "blocked"]);
    },
  );

  for (const order of ["parent first", "child first"]) {
    conformanceTest(
      harness,
      `a requeued child waits for a parent that is requeued with it (${order})`,
      async (it) => {
        const { parent, child } = await pair(it);
        await bringTo(it, parent, "failed");
        await bringTo(it, child, "failed");
        const ids = order === "child first" ? [child, parent] : [parent, child];
        assertEquals(await it.queue.requeue(ids), { requeued: 2, children: 0, refused: [] });
        assertEquals(await it.states(parent, child), ["pending", "blocked"]);
        await bringTo(it, parent, "completed");
        assertEquals(await it.states(child), ["pending"]);
      },
    );

    conformanceTest(
      harness,
      `a child that was cancelled by name stays so without its parent (${order})`,
      async (it) => {
        const [a, b, c] = await chain(it);
        await it.queue.cancel(order === "child first" ? [b, a] : [a, b], { reason: "wrong data" });
        assertEquals((await it.get(b)).failure?.message, "wrong data");
        assertEquals(await it.queue.requeue([a]), { requeued: 1, children: 0, refused: [] });
        assertEquals(await it.states(a, b, c), ["pending", "cancelled", "cancelled"]);
      },
    );
  }

  conformanceTest(harness, "a requeued child waits for a parent that was requeued before it", async (it) => {
    const { parent, child } = await pair(it);
    await bringTo(it, parent, "failed");
    await bringTo(it, child, "failed");
    await it.queue.requeue([parent]);
    assertEquals((await it.queue.requeue([child])).requeued, 1);
    assertEquals(await it.states(parent, child), ["pending", "blocked"]);
    await bringTo(it, parent, "completed");
    assertEquals(await it.states(child), ["pending"]);
  });

  conformanceTest(harness, "a requeued child of a completed parent is ready at once", async (it) => {
    const [a, b] = await chain(it);
    await bringTo(it, a, "completed");
    await bringTo(it, b, "failed");
    await it.queue.requeue([b]);
    assertEquals(await it.states(a, b), ["completed", "pending"]);
  });

  conformanceTest(harness, "a requeued child waits for a parent that is not finished", async (it) => {
    const [a, b] = await chain(it);
    await it.queue.cancel([b]);
    assertEquals((await it.queue.requeue([b])).requeued, 1);
    assertEquals(await it.states(a, b), ["pending", "blocked"]);
    await bringTo(it, a, "completed");
    assertEquals(await it.states(b), ["pending"]);
  });

  conformanceTest(harness, "a blocked child waits for its requeued parent once more", async (it) => {
    const [a = "", , child = ""] = await it.queue.enqueue([
      shellJob("a", { key: "a" }),
      shellJob("b", { key: "b" }),
      shellJob("child", { after: [{ key: "a", when: "any" }, { key: "b" }] }),
    ]);
    await bringTo(it, a, "failed");
    await it.queue.requeue([a]);
    assertEquals((await it.get(child)).parents.map(({ isSatisfied }) => isSatisfied), [false, false]);
    await (await it.next({ job: a })).retry({ delayMs: 0, failure: FAILURE });
    assertEquals(await it.states(a, child), ["pending", "blocked"]);
    await bringTo(it, a, "completed");
    assertEquals(await it.states(child), ["blocked"]);
    await (await it.next()).ack();
    assertEquals(await it.states(child), ["pending"]);
  });

  conformanceTest(harness, "a child that has started goes on when its parent is requeued", async (it) => {
    const [parent = "", child = ""] = await it.queue.enqueue([
      shellJob("parent", { key: "p" }),
      shellJob("child", { after: [{ key: "p", when: "failed" }] }),
    ]);
    await bringTo(it, parent, "failed");
    const lease = await it.next();
    assertEquals(lease.job.id, child);
    await it.queue.requeue([parent]);
    await bringTo(it, parent, "completed");
    assertEquals(await it.states(child), ["running"]);
    await lease.ack();
    assertEquals(await it.states(parent, child), ["completed", "completed"]);
  });

  conformanceTest(
    harness,
    "a child that came back and started goes on when another parent is requeued",
    async (it) => {
      const [a = "", b = "", child = ""] = await it.queue.enqueue([
        shellJob("a", { key: "a" }),
        shellJob("b", { key: "b" }),
        shellJob("child", { after: [{ key: "a" }, { key: "b", when: "any" }] }),
      ]);
      await bringTo(it, b, "failed");
      await bringTo(it, a, "failed");
      assertEquals(await it.queue.requeue([a]), { requeued: 1, children: 1, refused: [] });
      await bringTo(it, a, "completed");
      const lease = await it.next();
      assertEquals(lease.job.id, child);
      assertEquals(await it.queue.requeue([b]), { requeued: 1, children: 0, refused: [] });
      assertEquals(await it.states(child), ["running"]);
      await lease.ack();
    },
  );
}

/** A job, and one that waits for its end, however that is. */
async function pair({ queue }: Fixture): Promise<{ parent: JobId; child: JobId }> {
  const [parent = "", child = ""] = await queue.enqueue([
    shellJob("parent", { key: "parent" }),
    shellJob("child", { after: [{ key: "parent", when: "any" }] }),
  ]);
  return { parent, child };
}

/** Three jobs, each of which waits for the one before. */
async function chain({ queue }: Fixture): Promise<[JobId, JobId, JobId]> {
  const [a = "", b = "", c = ""] = await queue.enqueue([
    shellJob("a", { key: "a" }),
    shellJob("b", { key: "b", after: [{ key: "a" }] }),
    shellJob("c", { after: [{ key: "b" }] }),
  ]);
  return [a, b, c];
}
