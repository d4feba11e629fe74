import { UsageError } from "../../src/core/errors.ts";
import type { JsonValue } from "../../src/core/job.ts";
import { MAX_RESULT_BYTES } from "../../src/core/limits.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { conformanceTest, type Harness } from "./harness.ts";
import { bringTo, push } from "./job_in_state.ts";

const RESULTS: Readonly<Record<string, JsonValue>> = {
  "null": null,
  "false": false,
  "zero": 0,
  "a fraction": 0.1,
  "an empty text": "",
  "a text": '\'; DROP TABLE jobs; -- "👾" \u0001\u2028',
  "a list": [1, [2, []], "three", null],
  "an object": { a: { b: [true] }, "": 1, "with space": "x" },
  "1 MiB": "x".repeat(MAX_RESULT_BYTES - 2),
};

/** What jobs leave behind for others. */
export function resultsTopic(harness: Harness): void {
  for (const [what, result] of Object.entries(RESULTS)) {
    conformanceTest(harness, `${what} comes back as a job's result`, async (it) => {
      const id = await push(it);
      await (await it.next()).ack(result);
      assertEquals((await it.get(id)).result, result);
    });
  }

  conformanceTest(harness, "a job that left no result has none", async (it) => {
    const id = await push(it);
    await (await it.next()).ack();
    assertEquals((await it.get(id)).result, undefined);
  });

  conformanceTest(harness, "a result that is too large is refused, and the job stays held", async (it) => {
    const id = await push(it);
    const lease = await it.next();
    await assertRejects(lease.ack("x".repeat(harness.capabilities.maxResultBytes)), UsageError);
    assertEquals(await it.states(id), ["running"]);
    await lease.ack(undefined, { warning: "its result is too large" });
    const { state, warning } = await it.get(id);
    assertEquals([state, warning], ["completed", "its result is too large"]);
  });

  conformanceTest(harness, "parentResults() of a job without parents is empty", async (it) => {
    await push(it);
    await using lease = await it.next();
    assertEquals({ ...await lease.parentResults() }, {});
  });

  if (!harness.capabilities.dependencies) return;

  conformanceTest(
    harness,
    "parentResults() come in the order in which the parents were named",
    async (it) => {
      const parents = await it.queue.enqueue(["a", "b", "c"].map((command) => shellJob(command)));
      const [a = "", b = "", c = ""] = parents;
      await push(it, shellJob("child", { after: [c, a, b].map((job) => ({ job })) }));
      for (const _ of parents) {
        const lease = await it.next();
        await lease.ack({ of: lease.job.id });
      }
      await using lease = await it.next();
      const results = await lease.parentResults();
      assertEquals(Object.entries(results), [[c, { of: c }], [a, { of: a }], [b, { of: b }]]);
    },
  );

  conformanceTest(harness, "parentResults() are null where a parent left none", async (it) => {
    const [silent = "", failed = "", cancelled = "", telling = ""] = await it.queue.enqueue(
      ["silent", "failed", "cancelled", "telling"].map((command) => shellJob(command)),
    );
    const after = [silent, failed, cancelled, telling].map((job) => ({ job, when: "any" } as const));
    await push(it, shellJob("child", { after }));
    await bringTo(it, silent, "completed");
    await bringTo(it, failed, "failed");
    await bringTo(it, cancelled, "cancelled");
    await (await it.next({ job: telling })).ack("news");
    await using lease = await it.next();
    assertEquals(Object.entries(await lease.parentResults()), [
      [silent, null],
      [failed, null],
      [cancelled, null],
      [telling, "news"],
    ]);
  });

  conformanceTest(harness, "parentResults() are there again for the next attempt", async (it) => {
    const parent = await push(it);
    await push(it, shellJob("child", { after: [{ job: parent }] }));
    await (await it.next()).ack([1, 2]);
    await (await it.next()).release();
    await using lease = await it.next();
    assertEquals({ ...await lease.parentResults() }, { [parent]: [1, 2] });
  });
}
