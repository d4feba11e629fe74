import { LeaseLostError } from "../../../src/core/errors.ts";
import type { Lease } from "../../../src/core/queue.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { flakyPlace, Place } from "./place.ts";
import { taskText } from "./python_tool.ts";

/** Takes the next message and is not heard of again, some times; without waiting for the leases to end. */
async function lose(place: Place, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    const { messageId, popReceipt } = await place.receive();
    await place.messages.updateMessage(messageId, popReceipt, undefined, 0);
  }
}

const CALLS: Readonly<Record<string, (lease: Lease) => Promise<void>>> = {
  renew: (lease) => lease.renew(60_000),
  ack: (lease) => lease.ack(),
  retry: (lease) => lease.retry({ delayMs: 0, failure: FAILURE }),
  release: (lease) => lease.release(),
  cancel: (lease) => lease.cancel(),
  deadLetter: (lease) => lease.deadLetter(FAILURE),
};

test("jobs that another worker took over are lost, whatever is done with them, and nothing of them is changed", async () => {
  const calls = Object.entries(CALLS);
  const place = await Place.make();
  await place.queue.enqueue(calls.map(([name]) => shellJob(name, { maxAttempts: 5 })));
  const before = await place.texts();
  const leases = await place.queue.leaseMany({ leaseMs: 1_000, waitMs: 0, max: 10 });
  await waitUntil(async () => (await place.texts()).length === calls.length);
  const { receivedMessageItems: taken } = await place.messages.receiveMessages({
    numberOfMessages: 10,
    visibilityTimeout: 60,
  });
  for (const [index, [name, call]] of calls.entries()) {
    const lease = leases[index];
    assert(lease !== undefined);
    const error = await assertRejects(call(lease), LeaseLostError);
    assert(lease.lost.reason === error, name);
    for (const [, again] of calls) await assertRejects(again(lease), LeaseLostError);
  }
  assertEquals(await place.texts(), []);
  for (const { messageId, popReceipt } of taken) {
    await place.messages.updateMessage(messageId, popReceipt, undefined, 0);
  }
  assertEquals(new Set(await place.texts()), new Set(before));
  assertEquals(await place.failedTexts(), []);
});

test("a job that another worker has finished is lost, and no dead letter is even begun", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.queue.enqueue([shellJob("a")]);
  const lease = await place.next({ leaseMs: 1_000 });
  await waitUntil(async () => (await place.texts()).length === 1);
  await place.messages.clearMessages();
  await assertRejects(lease.deadLetter(FAILURE), LeaseLostError);
  assertEquals(proxy.requests.some(({ method, path }) => method === "POST" && /failed/.test(path)), false);
});

test("a job whose lease ended without anybody's taking it is still settled", async () => {
  const place = await Place.make();
  await place.queue.enqueue([shellJob("a")]);
  const lease = await place.next({ leaseMs: 1_000 });
  await waitUntil(async () => (await place.texts()).length === 1);
  await lease.deadLetter(FAILURE);
  assertEquals([await place.count(), (await place.failedTexts()).length], [0, 1]);
});

test("five lost deliveries make a job poison", async () => {
  const place = await Place.make();
  await place.put(taskText({ cmd: "killer" }));
  await (await place.next()).release();
  await lose(place, 5);
  assertEquals(await place.maybeNext(), undefined);
  const { reason, error, attempts, deliveries, lost } = await place.onlyFailed();
  assertEquals([reason, attempts, deliveries, lost], ["poison", 1, undefined, undefined]);
  assertEquals(error, "its worker was lost 5 times while running it");
});

test("four do not", async () => {
  const place = await Place.make();
  await place.put(taskText());
  await (await place.next()).release();
  await lose(place, 4);
  assertEquals((await place.next()).job.attempts, 0);
});

test("a release, a retry and a renewal do not make up for deliveries that were lost", async () => {
  const place = await Place.make();
  await place.put(taskText({ cmd: "killer" }, { num_retries: 50 }));
  await (await place.next()).release();
  for (let i = 0; i < 4; i++) {
    await lose(place);
    await (await place.next()).release();
    await (await place.next()).retry({ delayMs: 0, failure: FAILURE });
    const lease = await place.next();
    await lease.renew(60_000);
    await lease.release();
  }
  await lose(place);
  assertEquals(await place.maybeNext(), undefined);
  assertEquals((await place.onlyFailed()).reason, "poison");
});

test("of what nobody noted, one delivery is taken as lost, and from then on each", async () => {
  const place = await Place.make();
  await place.put(taskText());
  await lose(place, 20);
  await place.next({ leaseMs: 1_000 });
  await waitUntil(async () => (await place.texts()).length > 0);
  const { lost, deliveries } = JSON.parse(await place.onlyText());
  assertEquals([lost, deliveries], [1, 20]);
  await lose(place, 3);
  assertEquals(await place.maybeNext(), undefined);
  assertEquals((await place.onlyFailed()).reason, "poison");
});

test("a requeued poison job starts afresh", async () => {
  const place = await Place.make();
  await place.put(taskText({ cmd: "killer" }, { num_retries: 1, deliveries: 0, lost: 5 }));
  assertEquals(await place.maybeNext(), undefined);
  assertEquals(await place.queue.deadLetters.requeue("all"), 1);
  assertEquals(await place.texts(), [taskText({ cmd: "killer" }, { num_retries: 1 })]);
});
