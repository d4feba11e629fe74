import type { ServiceBusQueue } from "../../../src/backends/service_bus/queue.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { JobqError } from "../../../src/core/errors.ts";
import { assert, assertBetween, assertEquals, assertRejects } from "../../support/assert.ts";
import { FAILURE, shellJob } from "../../support/jobs.ts";
import type { Point } from "../../support/service_bus_broker/faults.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { durationOf } from "./duration_of.ts";
import { HeldLookups } from "./held_lookups.ts";
import { Place } from "./place.ts";
import { Wire } from "./wire.ts";

/** A queue that nothing answers any more is closed within this time, in ms. */
const CLOSED_MS = 8_000;

test("a queue that was never used is closed at once", async () => {
  await using place = await Place.make();
  const queue = place.opened();
  assertBetween(await durationOf(queue[Symbol.asyncDispose]()), 0, 500);
  assertEquals(place.broker.connections, 0);
});

const LOOKUPS: Readonly<
  Record<string, { rest: string; call: (queue: ServiceBusQueue) => Promise<unknown> }>
> = {
  "AMQP with TLS": { rest: "", call: (queue) => queue.peek(1) },
  "AMQP without TLS": { rest: ";UseDevelopmentEmulator=true", call: (queue) => queue.peek(1) },
  "HTTP": { rest: "", call: (queue) => queue.counts() },
};
for (const [what, { rest, call }] of Object.entries(LOOKUPS)) {
  test(`a queue is closed when the name of the service is not looked up any more, for ${what}`, async () => {
    await using place = await Place.make();
    using lookups = new HeldLookups();
    const login = "SharedAccessKeyName=none;SharedAccessKey=none";
    const queue = place.opened({ azure: { connectionString: `Endpoint=sb://localhost:1/;${login}${rest}` } });
    const calling = call(queue).catch(() => {});
    await waitUntil(() => lookups.held > 0);
    const closing = queue[Symbol.asyncDispose]();
    await calling;
    assertEquals(await Promise.race([closing, systemClock.sleep(100).then(() => "open")]), "open");
    lookups.release();
    await closing;
  });
}

test("a queue is closed soon though the lookup of a name never ends", async () => {
  await using place = await Place.make();
  using lookups = new HeldLookups();
  const queue = place.opened();
  const calling = queue.peek(1).catch(() => {});
  await waitUntil(() => lookups.held > 0);
  assertBetween(await durationOf(queue[Symbol.asyncDispose]()), 0, CLOSED_MS);
  lookups.release();
  await calling;
});

test("a queue that is closed twice, also at the same time, is closed once", async () => {
  await using place = await Place.make();
  const queue = place.opened();
  await queue.enqueue([shellJob()]);
  await Promise.all([queue[Symbol.asyncDispose](), queue[Symbol.asyncDispose]()]);
  await queue[Symbol.asyncDispose]();
  await waitUntil(() => place.broker.connections === 0);
});

test("a closed queue refuses every call, and does not connect again", async () => {
  await using place = await Place.make();
  const queue = place.opened();
  await queue.enqueue([shellJob("a"), shellJob("b")]);
  const held = await queue.lease({ leaseMs: 60_000, waitMs: 5_000 });
  assert(held !== undefined);
  await queue[Symbol.asyncDispose]();
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    enqueue: () => queue.enqueue([shellJob("c")]),
    lease: () => queue.lease({ leaseMs: 60_000, waitMs: 60_000 }),
    peek: () => queue.peek(1),
    counts: () => queue.counts(),
    purge: () => queue.purge(),
    "dead list": () => queue.deadLetters.list(),
    "dead requeue": () => queue.deadLetters.requeue("all"),
    "dead purge": () => queue.deadLetters.purge("all"),
    renew: () => held.renew(60_000),
    ack: () => held.ack(),
    retry: () => held.retry({ delayMs: 10, failure: FAILURE }),
  };
  for (const [name, call] of Object.entries(calls)) {
    const error = await assertRejects(call(), JobqError);
    assert(/closed/.test(error.message), `${name}: ${error.message}`);
  }
  await waitUntil(() => place.broker.connections === 0);
  assertEquals(place.view.all.map(({ state }) => state.kind), ["locked", "active"]);
});

test("a queue is closed while a receive waits: that one ends without a job, and takes none that come later", async () => {
  await using place = await Place.make();
  const queue = place.opened();
  const waiting = queue.lease({ leaseMs: 60_000, waitMs: 60_000 });
  const several = queue.leaseMany({ leaseMs: 60_000, waitMs: Infinity, max: 10 });
  await waitUntil(() => place.broker.connections === 1);
  assertBetween(await durationOf(queue[Symbol.asyncDispose]()), 0, 2_000);
  assertEquals([await waiting, await several], [undefined, []]);
  await waitUntil(() => place.broker.connections === 0);
  await place.put("{}");
  assertEquals(place.view.all.map(({ state }) => state.kind), ["active"]);
});

test("a queue is closed at the moment in which a job comes: nobody holds that job then, or its caller has it", async () => {
  await using place = await Place.make();
  const pusher = place.open();
  for (let round = 0; round < 40; round++) {
    const queue = place.opened();
    const waiting = queue.lease({ leaseMs: 60_000, waitMs: 60_000 });
    await waitUntil(() => place.broker.connections >= 1);
    const pushed = pusher.enqueue([shellJob(`echo ${round}`)]);
    for (let ticks = 0; ticks < round; ticks++) await Promise.resolve();
    await queue[Symbol.asyncDispose]();
    await pushed;
    const had = await waiting;
    assertEquals(place.view.locked.length, had === undefined ? 0 : 1, `round ${round}`);
    await pusher.purge();
    await waitUntil(() => place.view.active.length === 0);
  }
});

test("a queue is closed while jobs of it are held: they stay held until their locks end", async () => {
  await using place = await Place.make({ made: { lockDurationMs: 500 } });
  const queue = place.opened();
  await queue.enqueue([shellJob("a"), shellJob("b")]);
  const held = await queue.leaseMany({ leaseMs: 60_000, waitMs: 5_000, max: 2 });
  await queue[Symbol.asyncDispose]();
  assertEquals(held.length, place.view.locked.length);
  await waitUntil(() => place.view.active.length === 2);
});

for (const at of ["connect", "authorize", "attach"] as const satisfies readonly Point[]) {
  test(`a queue is closed soon while the service says nothing to ${at}`, async () => {
    await using place = await Place.make();
    const queue = place.opened();
    place.broker.fault({ kind: "silence" }, { at, times: 100 });
    const calls = [
      queue.enqueue([shellJob()]),
      queue.lease({ leaseMs: 60_000, waitMs: 60_000 }),
      queue.peek(1),
    ].map((call) => call.catch((error) => error));
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
    assertBetween(await durationOf(queue[Symbol.asyncDispose]()), 0, CLOSED_MS);
    assertBetween(await durationOf(Promise.all(calls)), 0, 1_000);
    place.broker.heal();
    place.broker.cutConnections();
  });
}

test("what waits for its turn on a connection that is given up does not make another one", async () => {
  await using place = await Place.make();
  const queue = place.opened();
  place.broker.fault({ kind: "silence" }, { at: "attach", times: 100 });
  const calls = [
    queue.enqueue([shellJob("a")]),
    queue.enqueue([shellJob("b")]),
    queue.lease({ leaseMs: 60_000, waitMs: 60_000 }),
    queue.leaseMany({ leaseMs: 60_000, waitMs: 60_000, max: 5 }),
  ].map((call) => call.catch((error) => error));
  await waitUntil(() => place.broker.connections === 1);
  const begun = Date.now();
  await waitUntil(() => Date.now() - begun >= 100);
  place.broker.heal();
  await queue[Symbol.asyncDispose]();
  assertBetween(await durationOf(Promise.all(calls)), 0, 1_000);
  await waitUntil(() => place.broker.connections === 0);
  assertEquals(place.view.all, []);
});

test("a queue is closed soon while the service leaves all it has begun unanswered", async () => {
  await using place = await Place.make();
  const queue = place.opened();
  await queue.enqueue([shellJob("a"), shellJob("b")]);
  const [a, b] = await queue.leaseMany({ leaseMs: 60_000, waitMs: 5_000, max: 2 });
  assert(a !== undefined);
  for (const at of ["attach", "transfer", "disposition", "management"] as const) {
    place.broker.fault({ kind: "silence" }, { at, times: 100 });
  }
  const calls = [
    a.ack(),
    b?.renew(60_000),
    queue.enqueue([shellJob("c")]),
    queue.lease({ leaseMs: 60_000, waitMs: 60_000 }),
    queue.deadLetters.list(),
    queue.deadLetters.requeue("all"),
  ].map((call) => call?.catch((error) => error));
  await waitUntil(() => place.broker.connections === 1);
  assertBetween(await durationOf(queue[Symbol.asyncDispose]()), 0, CLOSED_MS);
  assertBetween(await durationOf(Promise.all(calls)), 0, 1_000);
  place.broker.heal();
  place.broker.cutConnections();
});

test("a queue is closed soon while the service is away, and so are the calls that wait for it", async () => {
  await using place = await Place.make();
  const queue = place.opened();
  await queue.enqueue([shellJob()]);
  const lease = await queue.lease({ leaseMs: 60_000, waitMs: 5_000 });
  assert(lease !== undefined);
  await place.broker.down();
  const calls = [
    lease.ack(),
    queue.enqueue([shellJob("b")]),
    queue.lease({ leaseMs: 60_000, waitMs: 60_000 }),
    queue.counts(),
  ].map((call) => call.catch((error) => error));
  assertBetween(await durationOf(queue[Symbol.asyncDispose]()), 0, 2_000);
  assertBetween(await durationOf(Promise.all(calls)), 0, 12_000);
  await place.broker.up();
});

test("a queue is closed soon on a slow network", async () => {
  await using place = await Place.make();
  await using wire = Wire.to(place.broker.connectionString);
  const queue = place.opened({ connectionString: wire.through(place.broker.connectionString) });
  await queue.enqueue([shellJob()]);
  await queue.lease({ leaseMs: 60_000, waitMs: 5_000 });
  wire.delayMs = 600;
  assertBetween(await durationOf(queue[Symbol.asyncDispose]()), 0, CLOSED_MS);
});

for (const isWaiting of [false, true]) {
  const meanwhile = isWaiting ? "while a receive waits and " : "";
  test(`a queue is closed soon ${meanwhile}on a network that swallows all`, async () => {
    await using place = await Place.make();
    await using wire = Wire.to(place.broker.connectionString);
    const queue = place.opened({ connectionString: wire.through(place.broker.connectionString) });
    await queue.enqueue([shellJob()]);
    const lease = await queue.lease({ leaseMs: 60_000, waitMs: 5_000 });
    const waiting = isWaiting ? queue.lease({ leaseMs: 60_000, waitMs: 60_000 }) : undefined;
    await waitUntil(() => place.broker.connections === 1);
    wire.isDead = true;
    const acked = lease?.ack().catch((error) => error);
    assertBetween(await durationOf(queue[Symbol.asyncDispose]()), 0, CLOSED_MS);
    assertBetween(await durationOf(Promise.all([acked, waiting])), 0, 1_000);
  });
}

test("a queue that is cut off while it is being closed is closed", async () => {
  await using place = await Place.make();
  for (const ticks of [0, 1, 3, 10, 30, 100]) {
    const queue = place.opened();
    await queue.enqueue([shellJob(`echo ${ticks}`)]);
    await queue.lease({ leaseMs: 60_000, waitMs: 5_000 });
    const closed = durationOf(queue[Symbol.asyncDispose]());
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    place.broker.cutConnections();
    assertBetween(await closed, 0, CLOSED_MS);
  }
});
