import { openRemoteQueue } from "../../../src/backends/ssh/remote_queue.ts";
import type { Connect } from "../../../src/backends/ssh/channel.ts";
import { AccessDeniedError, BackendError, UsageError } from "../../../src/core/errors.ts";
import type { Queue } from "../../../src/core/queue.ts";
import { assert, assertEquals, assertExists, assertRejects } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { ServedFile } from "./served_file.ts";

const NAME = "ssh://host/jobs.db";
const LEASE = { leaseMs: 60_000, waitMs: 60_000 };

const READS: Readonly<Record<string, (queue: Queue, id: string) => Promise<unknown>>> = {
  peek: (queue) => queue.peek(5),
  counts: (queue) => queue.counts(),
  get: (queue, id) => queue.get(id),
  findIds: (queue, id) => queue.findIds(id.slice(0, 1), { limit: 5 }),
  list: (queue) => queue.list(),
  position: (queue, id) => queue.position(id),
  stats: (queue) => queue.stats(),
  wait: (queue, id) => queue.wait([id], { timeoutMs: 0 }),
  "deadLetters.list": (queue) => queue.deadLetters.list(),
  "workers.list": (queue) => queue.workers.list(),
  "logs.read": async (queue, id) => ({ ...await queue.logs?.read({ id, execution: 1 }, 0) }),
};
for (const [name, read] of Object.entries(READS)) {
  test(`${name} over a connection that is cut in the answer is done again`, async () => {
    await using file = await ServedFile.make();
    await using queue = await openRemoteQueue(file.connector(), { name: NAME });
    const [id = ""] = await queue.enqueue([shellJob()]);
    const expected = await read(queue, id);
    file.last.toClient.cutAfter(4);
    const found = await read(queue, id);
    assertEquals(Object.keys(found ?? {}), Object.keys(expected ?? {}));
    assertEquals(file.connections.length, 2);
  });
}

const CHANGES: Readonly<Record<string, (queue: Queue, id: string) => Promise<unknown>>> = {
  enqueue: (queue) => queue.enqueue([shellJob()]),
  purge: (queue) => queue.purge(),
  cancel: (queue, id) => queue.cancel([id]),
  requeue: (queue, id) => queue.requeue([id]),
  prune: (queue) => queue.prune(),
  "deadLetters.requeue": (queue) => queue.deadLetters.requeue("all"),
  "deadLetters.purge": (queue) => queue.deadLetters.purge("all"),
};
for (const [name, change] of Object.entries(CHANGES)) {
  test(`${name} whose answer is lost is not done again, and its error says so`, async () => {
    await using file = await ServedFile.make();
    await using queue = await openRemoteQueue(file.connector(), { name: NAME });
    const [id = ""] = await queue.enqueue([shellJob()]);
    file.last.toClient.cutAfter(4);
    const error = await assertRejects(change(queue, id), BackendError);
    assertEquals([error.mayBeDone, error.transient, file.connections.length], [true, true, 1]);
    assert(error.message.startsWith("Cannot ") && error.message.includes(NAME), error.message);
    assert(error.hint?.startsWith("it is not known whether it was done: "), error.hint);
  });

  test(`${name} over a connection that was lost before is done over the next`, async () => {
    await using file = await ServedFile.make();
    await using queue = await openRemoteQueue(file.connector(), { name: NAME });
    const [id = ""] = await queue.enqueue([shellJob()]);
    file.cut();
    await file.last.ended;
    await change(queue, id);
    assertEquals(file.connections.length, 2);
  });
}

test("a push whose request was cut is not done at all", async () => {
  await using file = await ServedFile.make();
  await using queue = await openRemoteQueue(file.connector(), { name: NAME });
  file.last.toServer.cutAfter(40);
  await assertRejects(queue.enqueue([shellJob()]), BackendError);
  assertEquals((await queue.counts()).unfinished, 0);
});

test("a wait goes on over the next connection", async () => {
  await using file = await ServedFile.make();
  await using queue = await openRemoteQueue(file.connector(), { name: NAME });
  await using near = await file.open();
  const ids = await queue.enqueue([shellJob()]);
  const waiting = queue.wait(ids);
  file.cut();
  await waitUntil(() => file.connections.length === 2);
  await assertExists(await near.lease(LEASE)).ack();
  assertEquals((await waiting).reason, "finished");
});

test("a host that cannot be reached is tried for a while, then that is a passing error", async () => {
  const clock = new ManualClock();
  await using file = await ServedFile.make();
  const connect = file.connector(clock);
  const failure = new BackendError("Cannot reach the host: no route", { transient: true });
  let tries = 0;
  const flaky: Connect = (signal) => ++tries === 1 ? connect(signal) : Promise.reject(failure);
  await using queue = await openRemoteQueue(flaky, { name: NAME, clock });
  file.cut();
  await file.last.ended;
  const asked = assertRejects(queue.counts(), BackendError);
  await clock.advance(60_000);
  assertEquals(await asked, failure);
  assert(tries > 4 && tries < 40, `${tries}`);
});

test("a login that is refused while connecting again is told at once", async () => {
  await using file = await ServedFile.make();
  const connect = file.connector();
  let tries = 0;
  const refusing: Connect = (signal) =>
    ++tries === 1 ? connect(signal) : Promise.reject(new AccessDeniedError("no key fits"));
  await using queue = await openRemoteQueue(refusing, { name: NAME });
  file.cut();
  await file.last.ended;
  await assertRejects(queue.counts(), AccessDeniedError);
  assertEquals(tries, 2);
});

test("a network that swallows everything is noticed after 30 s, and the call done again", async () => {
  const clock = new ManualClock();
  await using file = await ServedFile.make();
  await using queue = await openRemoteQueue(file.connector(clock), { name: NAME, clock });
  await queue.enqueue([shellJob()]);
  file.last.toClient.swallow();
  const asked = queue.counts();
  await clock.advance(29_000);
  assertEquals(file.connections.length, 1);
  await clock.advance(16_000);
  await waitUntil(async () => {
    await clock.advance(1_000);
    return file.connections.length === 2;
  });
  assertEquals((await asked).unfinished, 1);
});

test("a connection on which nobody asks anything stays", async () => {
  const clock = new ManualClock();
  await using file = await ServedFile.make();
  await using queue = await openRemoteQueue(file.connector(clock), { name: NAME, clock });
  await clock.advance(600_000);
  assertEquals([(await queue.counts()).unfinished, file.connections.length], [0, 1]);
});

test("what is no message ends the connection, and the call with it", async () => {
  await using file = await ServedFile.make();
  await using queue = await openRemoteQueue(file.connector(), { name: NAME });
  await using near = await file.open();
  const waiting = assertRejects(queue.wait(await near.enqueue([shellJob()])), BackendError);
  await waitUntil(() => file.last.toServer.passed > 0);
  file.last.toClient.say("bash: warning: something\n");
  const { message, transient } = await waiting;
  assert(!transient && message.includes("bash: warning: something"), message);
  assertEquals((await queue.counts()).unfinished, 1);
});

test("calls over a closed queue fail, those under way, too", async () => {
  await using file = await ServedFile.make();
  const queue = await openRemoteQueue(file.connector(), { name: NAME });
  const waiting = assertRejects(queue.wait(await queue.enqueue([shellJob()])), BackendError);
  await queue[Symbol.asyncDispose]();
  assert((await waiting).message.includes("closed"));
  await assertRejects(queue.counts(), BackendError);
  await queue[Symbol.asyncDispose]();
});

test("a push that is too large for a message is refused", async () => {
  await using file = await ServedFile.make();
  await using queue = await openRemoteQueue(file.connector(), { name: NAME });
  const payload = "x".repeat(1024 * 1024);
  const jobs = Array.from(
    { length: 129 },
    () => ({ task: { kind: "function", name: "f", payload } }) as const,
  );
  const { message } = await assertRejects(queue.enqueue(jobs), UsageError);
  assert(message.startsWith(`Cannot push to "${NAME}": that is 135`), message);
  assertEquals((await queue.counts()).unfinished, 0);
});
