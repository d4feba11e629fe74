import type { Lease } from "../../../src/core/queue.ts";
import { assertEquals } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { Place } from "./place.ts";

function refuse(lease: Lease, delayMs = 0): Promise<void> {
  return lease.refuse({ delayMs, refusal: { workerId: "w1", host: "node1", reason: "exit code 1", at: 0 } });
}

test("a queue that gives jobs up after 10 deliveries does not lose one that goes round", async () => {
  await using place = await Place.make({ made: { maxDeliveryCount: 10 } });
  const [id] = await place.queue.enqueue([shellJob("a", { gateCmd: "false" })]);
  for (let round = 0; round < 35; round++) await refuse(await place.next());
  const lease = await place.next();
  assertEquals([lease.job.id, lease.job.attempts, lease.job.gateCmd], [id, 0, "false"]);
  await lease.ack();
  assertEquals([place.view.active.length, place.view.dead.length], [0, 0]);
});

test("a job that comes back later is a copy of its message", async () => {
  await using place = await Place.make();
  await place.queue.enqueue([shellJob("a", { gateCmd: "false" })]);
  await refuse(await place.next(), 60_000);
  assertEquals([place.view.active.length, place.view.scheduled.length], [0, 1]);
});
