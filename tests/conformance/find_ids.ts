import { assertEquals } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness } from "./harness.ts";
import { push } from "./job_in_state.ts";

/** What people type for an id. */
export function findIdsTopic(harness: Harness): void {
  conformanceTest(harness, "findIds() finds a whole id", async (it) => {
    const ids = await pushMany(it, 12);
    for (const id of ids) assertEquals(await it.queue.findIds(id, { limit: 5 }), [id]);
  });

  conformanceTest(harness, "findIds() finds a number, even if other numbers begin with it", async (it) => {
    const ids = await pushMany(it, 12);
    for (const id of ids) assertEquals(await it.queue.findIds(numberOf(id), { limit: 5 }), [id]);
  });

  conformanceTest(harness, "findIds() finds an id by its beginning", async (it) => {
    const [id = ""] = await pushMany(it, 12);
    for (let length = numberOf(id).length + 1; length < id.length; length++) {
      assertEquals(await it.queue.findIds(id.slice(0, length), { limit: 5 }), [id]);
    }
  });

  conformanceTest(harness, "findIds() finds all that a beginning may mean, up to the limit", async (it) => {
    const [first = "", ...others] = await pushMany(it, 12);
    await it.queue.cancel([first]);
    await it.queue.prune();
    const all = others.filter((id) => id.startsWith(numberOf(first)));
    assertEquals(all.length, 3);
    assertEquals((await it.queue.findIds(numberOf(first), { limit: 5 })).toSorted(), all.toSorted());
    assertEquals((await it.queue.findIds(numberOf(first), { limit: 2 })).length, 2);
  });

  conformanceTest(harness, "findIds() finds jobs in every state", async (it) => {
    const id = await push(it);
    await (await it.next()).ack();
    assertEquals(await it.queue.findIds(id.slice(0, -1), { limit: 5 }), [id]);
  });

  conformanceTest(harness, "findIds() finds nothing by what no id begins with", async (it) => {
    const id = await push(it);
    const texts = ["", " ", "-", "%", "_", "*", "?", "[0-9]", `${id}x`, `x${id}`, "0", "-1", "1e0", "999999"];
    for (
      const text of [...texts, "99999999999999999999", "'; DROP TABLE jobs; --", "\0", "½", "x".repeat(5_000)]
    ) {
      assertEquals(await it.queue.findIds(text, { limit: 5 }), [], text.slice(0, 20));
    }
  });
}

async function pushMany({ queue }: Fixture, count: number): Promise<readonly string[]> {
  return await queue.enqueue(Array.from({ length: count }, () => shellJob()));
}

/** Ids begin with a number that is easy to type. */
function numberOf(id: string): string {
  return id.split("-")[0] ?? "";
}
