import { assertEquals, assertExists, assertMatch } from "../../support/assert.ts";
import { FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { Place } from "./place.ts";

test("who may only listen gives a failed job back without its delay, the attempt counted", async () => {
  await using place = await Place.make();
  await place.queue.enqueue([shellJob("exit 3", { maxAttempts: 3 })]);
  const worker = place.open({ connectionString: place.broker.addKey("worker", ["listen"]) });
  const lease = assertExists(await worker.lease({ leaseMs: 60_000, waitMs: 5_000 }));
  await lease.retry({ delayMs: 60_000, failure: FAILURE });
  const again = assertExists(await worker.lease({ leaseMs: 60_000, waitMs: 5_000 }));
  assertEquals([again.job.attempts, again.job.executions], [1, 2]);
  await again.ack();
  assertMatch(place.logged.join("\n"), /goes back without delay.*do not allow/);
});
