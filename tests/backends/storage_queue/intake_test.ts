import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { BackendError, LeaseLostError, QueueNotFoundError } from "../../../src/core/errors.ts";
import { assert, assertBetween, assertEquals, assertRejects } from "../../support/assert.ts";
import type { SeenRequest } from "../../support/flaky_proxy/fault.ts";
import { FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { flakyPlace, Place } from "./place.ts";
import { taskText } from "./python_tool.ts";

const LEASE = { leaseMs: 60_000, waitMs: 0 };
const isReceive = ({ method, path }: SeenRequest) => method === "GET" && /messages\?numofmessages/.test(path);

function visibilityOf(requests: readonly SeenRequest[]) {
  return requests.map(({ path }) => /visibilitytimeout=(\d+)/.exec(path)?.[1]);
}

function many(count: number) {
  return Array.from({ length: count }, (_, index) => shellJob(`echo ${index}`));
}

test("leaseMany() takes as many as it is asked for and leaves the others", async () => {
  const place = await Place.make();
  await place.queue.enqueue(many(12));
  assertEquals((await place.queue.leaseMany({ ...LEASE, max: 5 })).length, 5);
  assertEquals((await place.texts()).length, 7);
});

test("leaseMany() takes what is there, and no more than the service hands out at once", async () => {
  const place = await Place.make();
  await place.queue.enqueue(many(40));
  assertEquals((await place.queue.leaseMany({ ...LEASE, max: 100 })).length, 32);
  assertEquals((await place.queue.leaseMany({ ...LEASE, max: 100 })).length, 8);
});

test("leaseMany() asks once for many", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.queue.enqueue(many(20));
  const before = proxy.requests.length;
  await place.queue.leaseMany({ ...LEASE, max: 20 });
  assertEquals(proxy.requests.length - before, 1);
});

test("a lease lasts at the service at least as long as its holder thinks", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.put(taskText(undefined, { num_retries: 3 }));
  const lease = await place.next({ leaseMs: 1_001 });
  await lease.renew(2_999);
  await lease.retry({ delayMs: 3_001, failure: FAILURE });
  assertEquals(visibilityOf(proxy.requests), ["2", "3", "4"]);
});

test("a retry after more than the service can wait for comes after its week", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.put(taskText(undefined, { num_retries: 3, retry_delay_ms: 30 * 86_400_000 }));
  const lease = await place.next();
  assertEquals(lease.job.retryDelayMs, 30 * 86_400_000);
  await lease.retry({ delayMs: 30 * 86_400_000, failure: FAILURE });
  assertEquals(visibilityOf(proxy.requests), ["60", "604800"]);
});

test("a message that is another's by the time at which it is noted is left alone", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.put(taskText());
  const { messageId, popReceipt } = await place.receive();
  await place.messages.updateMessage(messageId, popReceipt, undefined, 0);
  proxy.fault({ kind: "answer", status: 400, code: "PopReceiptMismatch" }, { method: "PUT" });
  assertEquals(await place.maybeNext(), undefined);
  assertEquals([await place.count(), place.logged.filter((line) => line.startsWith("warn"))], [1, []]);
});

test("the lease of a job that was poisoned with others is not lost, nor the poison", async () => {
  const place = await Place.make();
  await place.put("garbage", taskText({ cmd: "a" }), taskText({ other: 1 }), taskText({ cmd: "b" }));
  const leases = await place.queue.leaseMany({ ...LEASE, max: 4 });
  assertEquals([leases.length, (await place.failedTexts()).length], [2, 2]);
});

test("poison that cannot be put aside comes back, and the jobs that came with it are leased", async () => {
  await using flaky = await flakyPlace({ patienceMs: 2_000 });
  const { place, proxy } = flaky;
  await place.put("garbage", taskText({ cmd: "a" }));
  proxy.fault({ kind: "answer", status: 503 }, { path: /failed/, times: 100 });
  const leases = await place.queue.leaseMany({ leaseMs: 1_000, waitMs: 0, max: 4 });
  assertEquals(leases.length, 1);
  assert(place.logged.some((line) => /^warn: a job could not be taken: Cannot push to /.test(line)));
  await leases[0]?.ack();
  await waitUntil(async () => (await place.texts())[0] === "garbage");
  await assertRejects(place.maybeNext(), BackendError);
});

test("an idle lease() asks less and less often, and ends after its wait", async () => {
  const waitMs = 1_500;
  const pauses: number[] = [];
  let now = Date.now();
  const clock: Clock = {
    now: () => now,
    sleep: (ms, signal) => {
      // The time limit of a call, which really takes its time.
      if (ms > waitMs) return systemClock.sleep(ms, signal);
      pauses.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
  await using flaky = await flakyPlace({ clock });
  const { place, proxy } = flaky;
  await place.put();
  assertEquals(await place.maybeNext({ waitMs }), undefined);
  assertEquals(pauses, [200, 400, 800, 100]);
  assertEquals(proxy.requests.filter(isReceive).length, 5);
});

test("a waiting lease() gets a job that comes meanwhile", async () => {
  const place = await Place.make();
  await place.put();
  const leasing = place.next({ waitMs: 20_000 });
  await place.queue.enqueue([shellJob()]);
  assertEquals((await leasing).job.executions, 1);
});

test("a waiting lease() that is aborted ends at once", async () => {
  const place = await Place.make();
  await place.put();
  const stop = new AbortController();
  const leasing = place.maybeNext({ waitMs: 60_000, signal: stop.signal });
  await place.count();
  const before = Date.now();
  stop.abort("done");
  assertEquals(await leasing, undefined);
  assertBetween(Date.now() - before, 0, 500);
});

test("a lease() that was aborted before asks nothing", async () => {
  const place = await Place.make();
  assertEquals(await place.maybeNext({ signal: AbortSignal.abort("done") }), undefined);
  assertEquals(await place.messages.exists(), false);
});

test("a queue and its dead letters' queue are made by the first push, and asked for no more", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.queue.enqueue([shellJob("a")]);
  assertEquals(proxy.requests.map(({ method }) => method).join(" "), "POST PUT PUT POST");
  await place.queue.enqueue([shellJob("b")]);
  await (await place.next()).deadLetter(FAILURE);
  assertEquals(
    proxy.requests.slice(4).map(({ method, status }) => `${method} ${status}`),
    ["POST 201", "GET 200", "POST 201", "DELETE 204"],
  );
});

test("a push of many to a queue that is missing makes it once", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.queue.enqueue(many(10));
  assertEquals(proxy.requests.filter(({ method }) => method === "PUT").length, 2);
  assertEquals(await place.count(), 10);
});

test("a worker makes the queue that it finds missing", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  assertEquals(await place.maybeNext(), undefined);
  assertEquals(proxy.requests.map(({ method }) => method).join(" "), "GET PUT PUT GET");
  assertEquals([await place.messages.exists(), await place.failed.exists()], [true, true]);
});

test("a queue that was deleted while a worker waits is made again", async () => {
  const place = await Place.make();
  await place.queue.enqueue([shellJob("a")]);
  const lease = await place.next();
  await place.messages.delete();
  await place.failed.delete();
  assertEquals(await place.maybeNext(), undefined);
  assertEquals(await place.messages.exists(), true);
  await lease[Symbol.asyncDispose]();
});

test("a worker that may not make it says that there is no queue", async () => {
  const place = await Place.make({ create: false });
  await assertRejects(place.maybeNext(), QueueNotFoundError);
  await assertRejects(place.queue.peek(1), QueueNotFoundError);
  await assertRejects(place.queue.counts(), QueueNotFoundError);
  await assertRejects(place.queue.purge(), QueueNotFoundError);
  assertEquals(await place.messages.exists(), false);
});

test("the dead letters' queue is made by the first dead letter where only it is missing", async () => {
  const place = await Place.make();
  await place.put(taskText());
  await (await place.next()).deadLetter(FAILURE);
  assertEquals((await place.failedTexts()).length, 1);
});

test("a job of a queue that was deleted is a lost lease", async () => {
  const place = await Place.make();
  await place.queue.enqueue([shellJob("a"), shellJob("b")]);
  const [a, b] = await place.queue.leaseMany({ leaseMs: 1_000, waitMs: 0, max: 2 });
  await waitUntil(async () => (await place.texts()).length === 2);
  await place.messages.delete();
  assert(a !== undefined && b !== undefined);
  await assertRejects(a.renew(60_000), LeaseLostError);
  await assertRejects(b.retry({ delayMs: 0, failure: FAILURE }), LeaseLostError);
});
