import type { Lease } from "../../../src/core/queue.ts";
import { assert, assertBetween, assertEquals } from "../../support/assert.ts";
import { DirectoryFixture } from "../../support/directory_queue.ts";
import { shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";

const GATED = { gateCmd: "false" };

function refuse(lease: Lease): Promise<void> {
  return lease.refuse({
    delayMs: 0,
    refusal: { workerId: "w1", host: "node1", reason: "exit code 1", at: 0 },
  });
}

test("the file of a job that goes round stays short", async () => {
  await using it = await DirectoryFixture.make();
  const [id = ""] = await it.queue.enqueue([shellJob("true", GATED)]);
  for (let round = 0; round < 500; round++) await refuse(await it.next());
  assertBetween(Deno.statSync(it.fileOf(id)).size, 500, 80_000);
  assertEquals(it.files("tmp"), []);
  const [refusal] = (await it.queue.get(id))?.refusals ?? [];
  assertEquals(refusal?.times, 500);
});

test("what was known of a job before it went round is known after it", async () => {
  await using it = await DirectoryFixture.make();
  const [parent = "", other = ""] = await it.queue.enqueue([shellJob("parent"), shellJob("other")]);
  const after = [{ job: parent }, { job: other }];
  const [id = ""] = await it.queue.enqueue([shellJob("child", { ...GATED, maxAttempts: 3, after })]);
  await (await it.next()).ack("result of the parent");
  await (await it.next()).ack();
  await (await it.next()).retry({ delayMs: 0, failure: { kind: "failed", message: "once", at: 0 } });
  for (let round = 0; round < 200; round++) await refuse(await it.next());
  const lease = await it.next();
  assertEquals([lease.job.attempts, lease.job.executions], [1, 2]);
  assertEquals(await lease.parentResults(), { [parent]: "result of the parent", [other]: null });
  await lease.ack();
  const { history, parents } = await it.queue.get(id) ?? { history: [], parents: [] };
  assertEquals(history.map(({ outcome }) => outcome), ["failed", "completed"]);
  assert(parents.every(({ isSatisfied }) => isSatisfied));
});
