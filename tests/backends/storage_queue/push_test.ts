import {
  AccessDeniedError,
  BackendError,
  JobRefusedError,
  PartialPushError,
  QueueNotFoundError,
  UnsupportedError,
} from "../../../src/core/errors.ts";
import type { NewJob } from "../../../src/core/job.ts";
import { assert, assertBetween, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import type { SeenRequest } from "../../support/flaky_proxy/fault.ts";
import { shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { flakyPlace, Place } from "./place.ts";

function jobs(count: number): readonly NewJob[] {
  return Array.from({ length: count }, (_, index) => shellJob(`echo ${index}`));
}

const isSend = ({ method }: SeenRequest) => method === "POST";

test("150 jobs of one push are all there, with the ids in their order", async () => {
  const place = await Place.make();
  const ids = await place.queue.enqueue(jobs(150));
  assertEquals([new Set(ids).size, await place.count()], [150, 150]);
  const [lease] = await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 0, max: 1 });
  const task = lease?.job.task;
  assert(task?.kind === "shell");
  assertEquals(lease?.job.id, ids[Number(task.command.slice("echo ".length))]);
});

for (const [concurrency, expected] of [[undefined, 10], [3, 3], [1, 1]] as const) {
  test(`${expected} jobs are sent at the same time where ${concurrency ?? "nothing"} was asked for`, async () => {
    await using flaky = await flakyPlace();
    const { place, proxy } = flaky;
    await place.put();
    const delayMs = 500;
    proxy.fault({ kind: "delay", ms: delayMs }, { method: "POST", times: expected });
    const pushing = place.queue.enqueue(jobs(expected + 3), { concurrency });
    await waitUntil(() => proxy.requests.filter(isSend).length >= expected);
    // All that came within the first delay came at the same time.
    const [first] = proxy.requests.filter(isSend);
    await pushing;
    const together = proxy.requests.filter((seen) => isSend(seen) && seen.at < (first?.at ?? 0) + delayMs);
    assertEquals(together.length, expected);
  });
}

test("a push of which one send fails tells which jobs are there, and begins no more", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.put();
  proxy.fault({ kind: "answer", status: 403, code: "AuthorizationFailure" }, { method: "POST", skip: 4 });
  const pushed = jobs(30);
  const error = await assertRejects(place.queue.enqueue(pushed, { concurrency: 3 }), PartialPushError);
  assertEquals(error.failures.length, 1);
  assert(error.failures[0]?.error instanceof AccessDeniedError);
  const there = error.ids.filter((id) => id !== undefined);
  assertEquals(new Set((await place.texts()).map((text) => JSON.parse(text).id)), new Set(there));
  assertEquals(error.ids.length, 30);
  assertEquals(error.ids[error.failures[0].index], undefined);
  // With the one that failed, two others were under way.
  assertBetween(proxy.requests.filter(isSend).length, 5, 7);
  assertMatch(error.message, /^2\d of 30 jobs were not pushed: Cannot push to "devstoreaccount1\/test-/);
});

test("a push to a service that goes away in its midst ends, and tells which jobs are there", async () => {
  await using flaky = await flakyPlace({ patienceMs: 2_000 });
  const { place, proxy } = flaky;
  await place.put();
  const pushing = assertRejects(place.queue.enqueue(jobs(60), { concurrency: 4 }), PartialPushError);
  await waitUntil(() => proxy.requests.filter(isSend).length >= 10);
  await proxy.down();
  const error = await pushing;
  const there = new Set(error.ids.filter((id) => id !== undefined));
  const found = new Set((await texts(place)).map((text) => JSON.parse(text).id));
  // All that are said to be there are; of those under way, the answers may be lost.
  assert(there.isSubsetOf(found));
  assertBetween(found.size - there.size, 0, 4);
  assertBetween(error.failures.length, 1, 4);
  for (const { error: cause } of error.failures) assert(cause instanceof BackendError && cause.transient);
});

test("a push of one job that fails is that failure", async () => {
  await using flaky = await flakyPlace({ patienceMs: 2_000 });
  await flaky.proxy.down();
  const error = await assertRejects(flaky.place.queue.enqueue(jobs(1)), BackendError);
  assertMatch(error.message, /^Cannot push to .*: the connection was refused$/);
});

test("a push that is aborted ends at once, and tells which jobs are there", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.put();
  const stop = new AbortController();
  const pushing = place.queue.enqueue(jobs(60), { concurrency: 4, signal: stop.signal });
  await waitUntil(() => proxy.requests.filter(({ status }) => status === 201).length >= 10);
  proxy.fault({ kind: "delay", ms: 60_000 }, { method: "POST", times: 100 });
  await waitUntil(() => proxy.requests.filter(({ fault }) => fault === "delay").length >= 4);
  const before = Date.now();
  stop.abort(new Error("enough"));
  const error = await assertRejects(pushing, PartialPushError);
  assertBetween(Date.now() - before, 0, 1_000);
  const there = new Set(error.ids.filter((id) => id !== undefined));
  assertEquals(there, new Set((await texts(place)).map((text) => JSON.parse(text).id)));
  assertMatch(error.message, /^\d\d of 60 jobs were not pushed: enough$/);
  assertEquals(error.failures.length, 4);
});

test("a push that is aborted before it begins sends nothing", async () => {
  const place = await Place.make();
  const reason = new Error("enough");
  const error = await assertRejects(
    place.queue.enqueue(jobs(2), { signal: AbortSignal.abort(reason) }),
    Error,
  );
  assert(error === reason);
  assertEquals(await place.messages.exists(), false);
});

const BAD: Readonly<Record<string, { job: NewJob; reason: RegExp }>> = {
  "an empty command": { job: shellJob(" "), reason: /the command is empty/ },
  "a command of 200 KB": { job: shellJob("x".repeat(200_000)), reason: /200000 bytes; the system passes/ },
  "more than a megabyte": {
    job: { task: { kind: "function", name: "f", payload: "x".repeat(1_100_000) } },
    reason: /larger than 1048576 bytes/,
  },
  "a delay over a week": { job: shellJob("true", { delayMs: 8 * 86_400_000 }), reason: /a delay must last/ },
};
for (const [what, { job, reason }] of Object.entries(BAD)) {
  test(`a push with ${what} in its midst sends nothing and names that job`, async () => {
    const place = await Place.make();
    const [a, b] = jobs(2) as [NewJob, NewJob];
    const error = await assertRejects(place.queue.enqueue([a, job, b]), JobRefusedError);
    assertEquals([error.index, await place.messages.exists()], [1, false]);
    assertMatch(error.message, reason);
  });
}

const UNSUPPORTED: Readonly<Record<string, Partial<NewJob>>> = {
  "a priority": { priority: 1 },
  "a parent": { after: [{ job: "x" }] },
  "a key": { key: "k", ifExists: "skip" },
};
for (const [what, more] of Object.entries(UNSUPPORTED)) {
  test(`a push with ${what} in its midst sends nothing and names what can`, async () => {
    const place = await Place.make();
    const bad = shellJob("true", more);
    const error = await assertRejects(place.queue.enqueue([shellJob(), bad]), UnsupportedError);
    assertMatch(error.message, /^Cannot push the job: Azure Storage Queues cannot /);
    assertMatch(error.hint ?? "", /SQLite/);
    assertEquals(await place.messages.exists(), false);
  });
}

test("a push of no jobs asks nothing", async () => {
  const place = await Place.make({ through: "UseDevelopmentStorage=true" });
  assertEquals(await place.queue.enqueue([]), []);
});

test("a push to a queue that is not there, and may not be made, is a QueueNotFoundError", async () => {
  const place = await Place.make({ create: false });
  await assertRejects(place.queue.enqueue(jobs(1)), QueueNotFoundError);
  const error = await assertRejects(place.queue.enqueue(jobs(2)), PartialPushError);
  assert(error.cause instanceof QueueNotFoundError);
});

/** All texts, more than a look shows. */
async function texts(place: Place): Promise<readonly string[]> {
  const found: string[] = [];
  for (;;) {
    const { receivedMessageItems } = await place.messages.receiveMessages({
      numberOfMessages: 32,
      visibilityTimeout: 60,
    });
    if (receivedMessageItems.length === 0) return found;
    found.push(...receivedMessageItems.map(({ messageText }) => messageText));
  }
}
