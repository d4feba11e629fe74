import { openRemoteQueue } from "../../../src/backends/ssh/remote_queue.ts";
import { CONFIRM_MS } from "../../../src/backends/ssh/served_leases.ts";
import { BackendError, LeaseLostError } from "../../../src/core/errors.ts";
import type { Lease, Queue } from "../../../src/core/queue.ts";
import { assert, assertEquals, assertExists, assertRejects } from "../../support/assert.ts";
import { FAILURE, shellJob, TIMED_OUT } from "../../support/jobs.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { ServedFile } from "./served_file.ts";

const NAME = "ssh://host/jobs.db";
const NOW = { leaseMs: 60_000, waitMs: 0, workerId: "w1" };

const SETTLEMENTS: Readonly<Record<string, (lease: Lease) => Promise<void>>> = {
  ack: (lease) => lease.ack({ done: true }, { output: "out" }),
  retry: (lease) => lease.retry({ delayMs: 1_000, failure: FAILURE }),
  "retry after a timeout": (lease) => lease.retry({ delayMs: 0, failure: TIMED_OUT }),
  release: (lease) => lease.release(),
  cancel: (lease) => lease.cancel(),
  deadLetter: (lease) => lease.deadLetter(FAILURE),
};
for (const [name, settle] of Object.entries(SETTLEMENTS)) {
  test(`${name} over a connection that was lost before settles by the next`, async () => {
    await using it = await Held.make();
    it.file.cut();
    await it.file.last.ended;
    await settle(it.lease);
    assertEquals([it.file.connections.length, await it.stillRuns()], [2, false]);
  });

  test(`${name} whose answer was lost is done when it is repeated`, async () => {
    await using it = await Held.make();
    it.file.last.toClient.cutAfter(3);
    const error = await assertRejects(settle(it.lease), BackendError);
    assertEquals([error.transient, error.mayBeDone], [true, true]);
    await it.file.last.ended;
    assertEquals(await it.stillRuns(), false);
    await settle(it.lease);
    assertEquals([it.lease.lost.aborted, await it.executions()], [false, 1]);
  });

  test(`${name} whose request was lost settles when it is repeated`, async () => {
    await using it = await Held.make();
    it.file.last.toServer.cutAfter(3);
    await assertRejects(settle(it.lease), BackendError);
    await it.file.last.ended;
    assertEquals(await it.stillRuns(), true);
    await settle(it.lease);
    assertEquals(await it.stillRuns(), false);
  });

  test(`${name} that is repeated after somebody else ended the job is a LeaseLostError`, async () => {
    await using it = await Held.make();
    it.file.last.toServer.cutAfter(3);
    await assertRejects(settle(it.lease), BackendError);
    await it.file.last.ended;
    await it.takeOver();
    const error = await assertRejects(settle(it.lease), LeaseLostError);
    assert(it.lease.lost.aborted && it.lease.lost.reason === error);
  });
}

test("a renewal while a settlement is in doubt does not lose the lease", async () => {
  await using it = await Held.make();
  it.file.last.toClient.cutAfter(3);
  await assertRejects(it.lease.ack(1), BackendError);
  await it.file.last.ended;
  await it.lease.renew(60_000);
  assertEquals(it.lease.lost.aborted, false);
  await it.lease.ack(1);
});

test("a lease is renewed over the next connection", async () => {
  await using it = await Held.make();
  it.file.cut();
  const before = it.lease.expiresAt;
  await it.lease.renew(600_000);
  assert(it.lease.expiresAt > before + 500_000);
  assertEquals(it.file.connections.length, 2);
});

test("many calls on a lease take it up again once", async () => {
  await using it = await Held.make();
  it.file.cut();
  await it.file.last.ended;
  await Promise.all([it.lease.renew(60_000), it.lease.parentResults(), it.lease.renew(60_000)]);
  await it.lease.ack();
  assertEquals(it.file.connections.length, 2);
});

test("a request to cancel is heard over the next connection", async () => {
  await using it = await Held.make();
  it.file.cut();
  await it.file.last.ended;
  await it.near.cancel([it.lease.job.id]);
  await it.lease.renew(60_000);
  await waitUntil(() => it.lease.cancelled.aborted);
});

test("a renewal ends when the lease does, whatever the network", async () => {
  const clock = new ManualClock();
  await using it = await Held.make({ clock, leaseMs: 10_000 });
  it.file.last.toClient.swallow();
  const renewing = assertRejects(it.lease.renew(10_000), BackendError);
  await clock.advance(10_000);
  assertEquals((await renewing).transient, true);
});

test("a lease is never taken for longer than it is", async () => {
  const clock = new ManualClock();
  await using file = await ServedFile.make();
  await using queue = await openRemoteQueue(file.connector(clock), { name: NAME, clock });
  await using near = await file.open(clock);
  const askedAt = clock.now();
  const waiting = queue.lease({ leaseMs: 60_000, waitMs: 30_000 });
  await clock.untilSleeping(2);
  await clock.jump(5_000);
  await near.enqueue([shellJob()]);
  await clock.jump(5_000);
  const lease = assertExists(await waiting);
  const { visibleAt = 0 } = lease.job;
  assert(lease.expiresAt <= visibleAt && lease.expiresAt > askedAt + 60_000);
});

test("a job whose lease got lost on its way is given back at once", async () => {
  await using file = await ServedFile.make();
  const near = await file.open();
  await near.enqueue([shellJob()]);
  await using _near = near;
  await using queue = await openRemoteQueue(file.connector(), { name: NAME });
  file.last.toClient.cutAfter(3);
  const lease = assertExists(await queue.lease({ ...NOW, waitMs: 20_000 }));
  assertEquals([file.connections.length, lease.job.executions], [2, 2]);
  await lease.ack();
});

for (const direction of ["toServer", "toClient"] as const) {
  test(`a lease that was had is held, wherever its connection was cut on the way ${direction}`, async () => {
    const bytes = await bytesOfLease(direction);
    const cuts = Array.from({ length: Math.ceil(bytes / CUT_EVERY) }, (_, i) => i * CUT_EVERY).concat(bytes);
    await inTurns(cuts, 20, async (cut) => {
      await using file = await ServedFile.make();
      await using near = await file.open();
      const [id = ""] = await near.enqueue([shellJob()]);
      await using queue = await openRemoteQueue(file.connector(), { name: NAME });
      const [first] = file.connections;
      first?.[direction].cutAfter(cut);
      const lease = assertExists(await queue.lease({ ...NOW, waitMs: 20_000 }));
      // As long as that one lives, it may give back what did not arrive.
      if (cut < bytes) await first?.ended;
      assertEquals([cut, await stateOf(near, id)], [cut, ["running", lease.job.executions]]);
      await lease.ack();
      assertEquals([cut, await stateOf(near, id)], [cut, ["completed", lease.job.executions]]);
    });
  });
}

test("a lease whose confirmation came too late was not had", async () => {
  const clock = new ManualClock();
  await using file = await ServedFile.make();
  await using near = await file.open(clock);
  const [id = ""] = await near.enqueue([shellJob()]);
  await using queue = await openRemoteQueue(file.connector(clock), { name: NAME, clock });
  const { toServer, toClient } = file.last;
  toClient.hold();
  const leasing = queue.lease({ ...NOW, waitMs: 60_000 });
  await waitUntil(async () => (await near.counts()).running === 1);
  toServer.hold();
  toClient.goOn();
  await clock.advance(CONFIRM_MS - 1);
  // So that the connection is not silent meanwhile.
  toServer.goOn();
  toServer.hold();
  await clock.advance(1);
  toServer.goOn();
  const lease = assertExists(await leasing);
  assertEquals(await stateOf(near, id), ["running", lease.job.executions]);
});

test("a lease that was confirmed outlives its connection", async () => {
  await using it = await Held.make();
  it.file.cut();
  await it.file.last.ended;
  assertEquals(await it.stillRuns(), true);
});

test("a lease() that is aborted while the network hangs ends, and holds no job", async () => {
  const clock = new ManualClock();
  await using file = await ServedFile.make();
  await using near = await file.open(clock);
  await using queue = await openRemoteQueue(file.connector(clock), { name: NAME, clock });
  const controller = new AbortController();
  await near.enqueue([shellJob()]);
  const pipe = file.last.toClient;
  pipe.hold();
  const leasing = queue.lease({ ...NOW, signal: controller.signal });
  await waitUntil(async () => (await near.counts()).running === 1);
  controller.abort();
  await clock.advance(2_000);
  assertEquals(await leasing, undefined);
  pipe.goOn();
  await waitUntil(async () => (await near.counts()).ready === 1);
});

test("a lease of a queue that cannot resume it is lost with its connection", async () => {
  await using file = await ServedFile.make();
  const open = async () => withoutResume(await file.open());
  await using queue = await openRemoteQueue(file.connector(undefined, { open }), { name: NAME });
  await queue.enqueue([shellJob()]);
  const lease = assertExists(await queue.lease(NOW));
  assertEquals([queue.resume, lease.ticket], [undefined, undefined]);
  file.cut();
  await waitUntil(() => lease.lost.aborted);
  await assertRejects(lease.renew(1_000), LeaseLostError);
});

/** A connection is cut after each multiple of so many bytes. */
const CUT_EVERY = 9;

/** How many bytes go in a direction until a lease is had, over a connection that lives. */
async function bytesOfLease(direction: "toServer" | "toClient"): Promise<number> {
  await using file = await ServedFile.make();
  await using queue = await openRemoteQueue(file.connector(), { name: NAME });
  await queue.enqueue([shellJob()]);
  const before = file.last[direction].passed;
  await queue.lease(NOW);
  return file.last[direction].passed - before;
}

/** Does something for all, for so many at a time. */
async function inTurns<T>(all: readonly T[], atOnce: number, work: (one: T) => Promise<void>): Promise<void> {
  const left = all[Symbol.iterator]();
  const turn = async () => {
    for (const one of left) await work(one);
  };
  await Promise.all(Array.from({ length: atOnce }, turn));
}

async function stateOf(queue: Queue, id: string): Promise<unknown> {
  const job = await queue.get(id);
  return [job?.state, job?.executions];
}

/** A queue whose leases have no tickets. */
function withoutResume(queue: Queue): Queue {
  return new Proxy(queue, {
    get: (target, key) => {
      if (key === "resume") return undefined;
      if (key === "lease") {
        return async (options: Parameters<Queue["lease"]>[0]) => {
          const lease = await target.lease(options);
          return lease && new Proxy(lease, {
            get: (held, name) => name === "ticket" ? undefined : bound(held, name),
          });
        };
      }
      return bound(target, key);
    },
  });
}

function bound(target: object, key: string | symbol): unknown {
  const value: unknown = Reflect.get(target, key, target);
  return typeof value === "function" ? value.bind(target) : value;
}

/** A job that is leased over a connection. */
class Held implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;

  private constructor(
    readonly file: ServedFile,
    readonly near: Queue,
    readonly lease: Lease,
    { stack }: { stack: AsyncDisposableStack },
  ) {
    this.#stack = stack;
  }

  static async make(
    { clock, leaseMs = NOW.leaseMs }: { clock?: ManualClock; leaseMs?: number } = {},
  ): Promise<Held> {
    const stack = new AsyncDisposableStack();
    const file = stack.use(await ServedFile.make());
    const near = stack.use(await file.open(clock));
    const queue = stack.use(await openRemoteQueue(file.connector(clock), { name: NAME, clock }));
    await queue.enqueue([shellJob("true", { maxAttempts: 9 })]);
    const lease = assertExists(await queue.lease({ ...NOW, leaseMs }));
    return new Held(file, near, lease, { stack });
  }

  async stillRuns(): Promise<boolean> {
    return (await this.near.get(this.lease.job.id))?.state === "running";
  }

  async executions(): Promise<number> {
    return (await this.near.get(this.lease.job.id))?.history.length ?? 0;
  }

  /** The job is cancelled and requeued, as if another worker had lost and ended it. */
  async takeOver(): Promise<void> {
    const ticket = assertExists(this.lease.ticket);
    const other = assertExists(await this.near.resume?.(ticket));
    await other.renew(1);
    await waitUntil(async () =>
      (await this.near.lease({ ...NOW, workerId: "w2" }))?.job.id === this.lease.job.id
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
