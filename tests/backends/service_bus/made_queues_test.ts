import { resolveBusAccess } from "../../../src/backends/service_bus/bus_access.ts";
import { adminClient } from "../../../src/backends/service_bus/bus_client.ts";
import type { ServiceBusQueue } from "../../../src/backends/service_bus/queue.ts";
import { systemClock } from "../../../src/core/clock.ts";
import {
  AccessDeniedError,
  BackendError,
  LeaseLostError,
  QueueNotFoundError,
} from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/log/logger.ts";
import { assert, assertBetween, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { durationOf } from "./duration_of.ts";
import { type HandleOptions, Place } from "./place.ts";

const DAY_MS = 86_400_000;
/** As jobq makes queues. */
const USUAL = { lockDurationMs: 300_000, duplicateDetectionMs: 7 * DAY_MS, maxDeliveryCount: 1_000 };

/** How the queue of a place is. */
function settingsOf({ view: { options } }: Place): typeof USUAL {
  const { lockDurationMs, duplicateDetectionMs, maxDeliveryCount } = options;
  return { lockDurationMs, duplicateDetectionMs, maxDeliveryCount };
}

/** Whether anybody made it. */
function isThere(place: Place): boolean {
  try {
    return place.view.name === place.name;
  } catch {
    return false;
  }
}

/** Deletes the queue with all that is on it. */
async function deleteQueue({ broker, name }: Place): Promise<void> {
  const surroundings = { env: () => undefined, log: silentLogger };
  const { connectionString } = broker;
  const access = resolveBusAccess({ namespace: "localhost", queue: name, connectionString }, surroundings);
  await adminClient(access).deleteQueue(name);
  // The service breaks the links of such a queue; here, they go with the connection.
  broker.cutConnections();
}

const MAKERS: Readonly<Record<string, (queue: ServiceBusQueue) => Promise<unknown>>> = {
  "a push": (queue) => queue.enqueue([shellJob("a")]),
  "a push of several": (queue) => queue.enqueue([shellJob("a"), shellJob("b")]),
  "a scheduled push": (queue) => queue.enqueue([shellJob("a", { delayMs: 60_000 })]),
  "a receive": (queue) => queue.lease({ leaseMs: 60_000, waitMs: 0 }),
  "a receive of several": (queue) => queue.leaseMany({ leaseMs: 60_000, waitMs: 0, max: 5 }),
};

for (const [what, make] of Object.entries(MAKERS)) {
  test(`${what} makes a queue that is not there, and says so`, async () => {
    await using place = await Place.make({ made: null });
    await make(place.queue);
    assertEquals(settingsOf(place), USUAL);
    assertEquals(place.logged, ["info: made the queue sb://localhost/q"]);
  });

  test(`${what} with a key that may not make it says that there is no such queue, and what to do`, async () => {
    await using place = await Place.make({ made: null });
    const queue = place.open({ connectionString: place.broker.addKey("worker", ["send", "listen"]) });
    const error = await assertRejects(make(queue), QueueNotFoundError);
    assertMatch(error.message, /there is no such queue, and the credentials do not allow to make it/);
    assertMatch(error.hint ?? "", /Manage/);
    assertEquals(isThere(place), false);
  });

  test(`${what} where nothing is to be made says that there is no such queue`, async () => {
    await using place = await Place.make({ made: null, create: false });
    await assertRejects(make(place.queue), QueueNotFoundError);
    assertEquals(isThere(place), false);
  });
}

const LOOKS: Readonly<Record<string, (queue: ServiceBusQueue) => Promise<unknown>>> = {
  peek: (queue) => queue.peek(5),
  counts: (queue) => queue.counts(),
  purge: (queue) => queue.purge(),
  "dead list": (queue) => queue.deadLetters.list(),
  "dead requeue": (queue) => queue.deadLetters.requeue("all"),
  "dead purge": (queue) => queue.deadLetters.purge("all"),
};

for (const [what, look] of Object.entries(LOOKS)) {
  test(`${what} of a queue that is not there, where nothing is to be made, says so and makes none`, async () => {
    await using place = await Place.make({ made: null, create: false });
    await assertRejects(look(place.queue), QueueNotFoundError);
    assertEquals(isThere(place), false);
  });
}

const ASKED: readonly (readonly [string, HandleOptions["azure"], Partial<typeof USUAL>])[] = [
  ["a lock of a minute", { lockDurationMs: 60_000 }, { lockDurationMs: 60_000 }],
  ["a lock of 7.5 s", { lockDurationMs: 7_500 }, { lockDurationMs: 7_500 }],
  ["a window of a day", { dedupWindowMs: DAY_MS }, { duplicateDetectionMs: DAY_MS }],
  ["a window of 1 d 2 h 3 min 4 s", { dedupWindowMs: 93_784_000 }, { duplicateDetectionMs: 93_784_000 }],
  ["no window", { dedupWindowMs: 0 }, { duplicateDetectionMs: 0 }],
];

for (const [what, azure, expected] of ASKED) {
  test(`a queue is made with ${what} where that is asked for, and is no surprise to whoever asks again`, async () => {
    await using place = await Place.make({ made: null, azure });
    await place.queue.enqueue([shellJob("a")]);
    assertEquals(settingsOf(place), { ...USUAL, ...expected });
    const again = place.open({ azure });
    await again.enqueue([shellJob("b")]);
    await (await again.lease({ leaseMs: 60_000, waitMs: 5_000 }))?.ack();
    assertEquals(place.logged, ["info: made the queue sb://localhost/q"]);
  });
}

test("of twenty handles that find no queue at the same time, one makes it, and all get their way", async () => {
  await using place = await Place.make({ made: null });
  const handles = Array.from({ length: 10 }, () => place.open());
  const pushes = handles.map((queue, index) => queue.enqueue([shellJob(`echo ${index}`)]));
  const receives = handles.map((queue) => queue.lease({ leaseMs: 60_000, waitMs: 5_000 }));
  await Promise.all(pushes);
  const leases = await Promise.all(receives);
  assertEquals(new Set(leases.map((lease) => lease && commandOf(lease.job))).size, 10);
  assertEquals(place.logged.filter((line) => /made the queue/.test(line)).length, 1);
});

test("of several calls of one handle that find no queue, one makes it", async () => {
  await using place = await Place.make({ made: null });
  await Promise.all([
    place.queue.enqueue([shellJob("a")]),
    place.queue.enqueue([shellJob("b")]),
    place.queue.lease({ leaseMs: 60_000, waitMs: 0 }),
  ]);
  assertEquals(place.logged, ["info: made the queue sb://localhost/q"]);
  assertEquals(place.view.all.length, 2);
});

for (
  const [what, fault] of [
    ["cut off", { kind: "cut" }],
    ["refused by a busy service", { kind: "throttle" }],
  ] as const
) {
  for (const when of ["before", "after"] as const) {
    if (fault.kind === "throttle" && when === "after") continue;
    test(`a queue whose making is ${what} ${when} it was done is made once`, async () => {
      await using place = await Place.make({ made: null });
      place.broker.fault(fault, { at: "http", operation: "PUT", when });
      await place.queue.enqueue([shellJob("a")]);
      assertEquals([settingsOf(place), place.view.all.length], [USUAL, 1]);
    });
  }
}

test("a key without the right to manage works on a queue that is there", async () => {
  await using place = await Place.make();
  const connectionString = place.broker.addKey("worker", ["send", "listen"]);
  const queue = place.open({ connectionString });
  await queue.enqueue([shellJob("a"), shellJob("b"), shellJob("c"), shellJob("d", { delayMs: 60_000 })]);
  assertEquals((await queue.peek(10)).map(commandOf).toSorted(), ["a", "b", "c", "d"]);
  const lease = await queue.lease({ leaseMs: 60_000, waitMs: 5_000 });
  await lease?.renew(60_000);
  await lease?.deadLetter(FAILURE);
  await (await queue.lease({ leaseMs: 60_000, waitMs: 5_000 }))?.retry({ delayMs: 60_000, failure: FAILURE });
  assertEquals(await queue.counts(), { unfinished: 3, delayed: 2, failed: 1 });
  assertEquals((await queue.deadLetters.list()).length, 1);
  assertEquals(await queue.deadLetters.requeue("all"), 1);
  assertEquals(await queue.purge(), 4);
  assertEquals(place.logged.filter((line) => !line.startsWith("info")), []);
});

test("a key that may only send pushes, and is told what it may not", async () => {
  await using place = await Place.make();
  const queue = place.open({ connectionString: place.broker.addKey("pusher", ["send"]) });
  await queue.enqueue([shellJob("a")]);
  for (
    const call of [
      () => queue.lease({ leaseMs: 60_000, waitMs: 0 }),
      () => queue.peek(1),
      () => queue.purge(),
    ]
  ) {
    const error = await assertRejects(call(), AccessDeniedError);
    assertMatch(error.hint ?? "", /Listen/);
  }
});

test("a key that may only listen works, and is told that it may not push", async () => {
  await using place = await Place.make();
  await place.queue.enqueue([shellJob("a")]);
  const queue = place.open({ connectionString: place.broker.addKey("listener", ["listen"]) });
  await (await queue.lease({ leaseMs: 60_000, waitMs: 5_000 }))?.ack();
  const error = await assertRejects(queue.enqueue([shellJob("b")]), AccessDeniedError);
  assertMatch(error.hint ?? "", /Send/);
});

const OTHERS = {
  lockDurationMs: 30_000,
  duplicateDetectionMs: 600_000,
  maxDeliveryCount: 10,
  defaultTtlMs: 14 * DAY_MS,
};

test("a worker warns once of all in which a queue differs, and nothing of it is changed", async () => {
  await using place = await Place.make({ made: OTHERS });
  const before = place.view.options;
  for (let i = 0; i < 3; i++) await place.maybeNext();
  await waitUntil(() => place.logged.length > 0);
  await place.queue.enqueue([shellJob("a")]);
  await (await place.next()).ack();
  assertEquals(place.logged.length, 1);
  const [line = ""] = place.logged;
  assertMatch(line, /^warn: sb:\/\/localhost\/q was made with other settings, and is not changed: /);
  for (
    const part of [
      /its leases last 30s instead of 5m/,
      /it takes equal jobs for one for 10m instead of for 7d/,
      /gives a job up after 10 deliveries/,
      /its jobs expire after 14d, without a trace/,
    ]
  ) assertMatch(line, part);
  assertEquals(place.view.options, before);
});

test("a push says nothing of a queue that differs, unless something was asked for", async () => {
  await using place = await Place.make({ made: OTHERS });
  await place.queue.enqueue([shellJob("a")]);
  assertEquals(place.logged, []);
  const asking = place.open({ azure: { lockDurationMs: 60_000 } });
  await asking.enqueue([shellJob("b")]);
  await asking.enqueue([shellJob("c")]);
  assertEquals(place.logged.length, 1);
  assertMatch(place.logged[0] ?? "", /its leases last 30s instead of 1m/);
});

test("a queue that is as it is asked for is no reason to warn", async () => {
  await using place = await Place.make({ made: USUAL });
  await place.queue.enqueue([shellJob("a")]);
  await (await place.next()).ack();
  await using again = place.opened({ azure: { lockDurationMs: 300_000, dedupWindowMs: 7 * DAY_MS } });
  await again.enqueue([shellJob("b")]);
  assertEquals(place.logged, []);
});

test("a queue with sessions is said to be one that jobq cannot use", async () => {
  await using place = await Place.make({ made: { ...USUAL, requiresSession: true } });
  await place.maybeNext();
  await waitUntil(() => place.logged.length > 0);
  assertMatch(place.logged.join(), /has sessions, which jobq cannot use/);
});

test("a worker without the right to manage does not warn of what it cannot see", async () => {
  await using place = await Place.make({ made: OTHERS });
  const queue = place.open({ connectionString: place.broker.addKey("worker", ["send", "listen"]) });
  await queue.lease({ leaseMs: 60_000, waitMs: 0 });
  await queue.enqueue([shellJob("a")]);
  await (await queue.lease({ leaseMs: 60_000, waitMs: 5_000 }))?.ack();
  assertEquals(place.logged, []);
});

for (const [maker, make] of Object.entries(MAKERS)) {
  test(`leases of a queue that ${maker} made last as long as they do, also by a clock that is behind`, async () => {
    await using place = await Place.make({
      made: null,
      azure: { lockDurationMs: 20_000 },
      broker: { clock: aheadBy(240_000) },
    });
    await make(place.queue);
    await place.queue.enqueue([shellJob("b")]);
    const lease = await place.next();
    await waitUntil(async () => {
      await lease.renew(60_000);
      // Else its holder would let it end, and think that it still has it.
      return lease.expiresAt - Date.now() <= 20_000;
    }, { limitMs: 3_000, what: "a lease of 20 s" });
  });
}

test("a queue that is deleted under its users is made again by whoever pushes or receives next", async () => {
  await using place = await Place.make({ made: null });
  await place.queue.enqueue([shellJob("a")]);
  const lease = await place.next();
  await deleteQueue(place);
  await assertRejects(lease.renew(60_000), LeaseLostError);
  assert(lease.lost.aborted, "its job is still there");
  await place.queue.enqueue([shellJob("b")]);
  assertEquals(commandOf((await place.next()).job), "b");
});

test("a receive that waits on a queue that is deleted ends in time, and the next one finds what comes", async () => {
  await using place = await Place.make({ made: null });
  await place.maybeNext();
  const waiting = place.queue.lease({ leaseMs: 60_000, waitMs: 1_500 });
  await place.queue.peek(1);
  await deleteQueue(place);
  assertBetween(await durationOf(waiting), 0, 15_000);
  await waiting.catch((error) => assert(error instanceof BackendError && error.transient, `${error}`));
  await place.queue.enqueue([shellJob("b")]);
  assertEquals(commandOf((await place.next()).job), "b");
});

/** A clock that is ahead of this machine's. */
function aheadBy(ms: number) {
  return {
    now: () => Date.now() + ms,
    sleep: (sleepMs: number, signal?: AbortSignal) => systemClock.sleep(sleepMs, signal),
  };
}
