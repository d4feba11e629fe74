import type { Outcome } from "../../src/core/outcome.ts";
import { assertEquals } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { test } from "../support/testing.ts";
import { setUpWorker } from "../support/worker_bench.ts";

/** Runs one job that comes to this. */
async function runTo(outcome: Outcome) {
  const { worker, queue, ids: [id = ""], logged } = await setUpWorker([shellJob()], () => outcome);
  await worker.run();
  return { id, job: await queue.get(id), logged };
}

test("what a completed job printed last is kept, with its result", async () => {
  const { job } = await runTo({ kind: "succeeded", result: { loss: 0.5 }, output: "last words" });
  assertEquals(
    [job?.state, job?.result, job?.history[0]?.output, job?.warning],
    ["completed", { loss: 0.5 }, "last words", undefined],
  );
});

test("why a completed job has no result is kept and logged", async () => {
  const { id, job, logged } = await runTo({ kind: "succeeded", warning: "no result: it is not JSON" });
  assertEquals([job?.state, job?.result, job?.warning], [
    "completed",
    undefined,
    "no result: it is not JSON",
  ]);
  assertEquals(logged().at(-1), `warn: job ${id} completed; no result: it is not JSON`);
});

test("what an interrupted job printed last is kept", async () => {
  let isFirst = true;
  const { worker, queue, ids: [id = ""] } = await setUpWorker([shellJob()], (): Outcome => {
    if (!isFirst) return { kind: "succeeded" };
    isFirst = false;
    return { kind: "interrupted", output: "last words" };
  });
  await worker.run();
  const history = (await queue.get(id))?.history ?? [];
  assertEquals(history.map(({ outcome, output }) => [outcome, output]), [
    ["interrupted", "last words"],
    ["completed", undefined],
  ]);
});
