import type { Lease } from "../../../src/core/queue.ts";
import { createLogger, type LogRecord } from "../../../src/log/logger.ts";
import { assert, assertEquals, assertExists, assertMatch } from "../../support/assert.ts";
import { Child } from "../../support/child.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { shellJob } from "../../support/jobs.ts";
import { execAt, openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";

/** Long enough for several tries of whoever waits, in ms. */
const HELD_MS = 300;

/** Starts `fn` while another process holds the lock, and lets go after a while; answers what came of it. */
async function whileLocked<T>(path: string, fn: () => Promise<T>): Promise<T> {
  await using locker = new Child("locker.ts", [path]);
  assertEquals(await locker.line(), "locked");
  let done = false;
  const result = fn().finally(() => done = true);
  const end = Date.now() + HELD_MS;
  await waitUntil(() => Date.now() >= end);
  assert(!done, "it did not wait for the lock");
  await locker.closeInput();
  return await result;
}

test("a push waits for the lock of another process", async () => {
  await using directory = await TempDir.make();
  await using queue = await openAt(directory.join("jobs.db"));
  const ids = await whileLocked(directory.join("jobs.db"), () => queue.enqueue([shellJob()]));
  assertEquals((await queue.peek(1))[0]?.id, ids[0]);
});

test("a lease waits for the lock of another process", async () => {
  await using directory = await TempDir.make();
  await using queue = await openAt(directory.join("jobs.db"));
  const [id] = await queue.enqueue([shellJob()]);
  const leasing = () => queue.lease({ leaseMs: 60_000, waitMs: 0 });
  await using lease = assertExists(await whileLocked(directory.join("jobs.db"), leasing));
  assertEquals(lease.job.id, id);
});

const SETTLEMENTS: Readonly<Record<string, (lease: Lease) => Promise<void>>> = {
  "an ack": (lease) => lease.ack(),
  "a release": (lease) => lease.release(),
  "a renewal": (lease) => lease.renew(60_000),
};

for (const [what, settle] of Object.entries(SETTLEMENTS)) {
  test(`${what} waits for the lock of another process`, async () => {
    await using directory = await TempDir.make();
    await using queue = await openAt(directory.join("jobs.db"));
    await queue.enqueue([shellJob()]);
    await using lease = assertExists(await queue.lease({ leaseMs: 60_000, waitMs: 0 }));
    await whileLocked(directory.join("jobs.db"), () => settle(lease));
    assertEquals(lease.lost.aborted, false);
  });
}

test("opening waits for the lock of another process", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await (await openAt(path))[Symbol.asyncDispose]();
  await using queue = await whileLocked(path, () => openAt(path, { queue: "new" }));
  assertEquals((await queue.counts()).ready, 0);
});

test("looking does not wait for the lock of another process", async () => {
  await using directory = await TempDir.make();
  await using queue = await openAt(directory.join("jobs.db"));
  await queue.enqueue([shellJob()]);
  await using locker = new Child("locker.ts", [directory.join("jobs.db")]);
  await locker.line();
  assertEquals([(await queue.counts()).ready, (await queue.peek(9)).length], [1, 1]);
});

test("an aborted lease() does not wait for the lock any longer", async () => {
  await using directory = await TempDir.make();
  await using queue = await openAt(directory.join("jobs.db"));
  await queue.enqueue([shellJob()]);
  await using locker = new Child("locker.ts", [directory.join("jobs.db")]);
  await locker.line();
  const controller = new AbortController();
  const leasing = queue.lease({ leaseMs: 60_000, waitMs: 60_000, signal: controller.signal });
  controller.abort();
  assertEquals(await leasing, undefined);
});

test("a long wait for the lock is told once", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  const records: LogRecord[] = [];
  const clock = new ManualClock();
  const log = createLogger("debug", (record) => records.push(record));
  await using queue = await openAt(path, { clock, log });
  await using locker = new Child("locker.ts", [path]);
  await locker.line();
  const pushing = queue.enqueue([shellJob()]);
  await clock.untilSleeping();
  await clock.jump(6_000);
  await clock.untilSleeping();
  await clock.jump(6_000);
  await locker.closeInput();
  await locker.finish();
  await clock.untilSleeping();
  await clock.jump(6_000);
  await pushing;
  assertEquals(records.map(({ level }) => level), ["warn"]);
  assertMatch(records[0]?.message ?? "", /another process holds the lock/);
});

test("after a long lock the holder keeps its job, though its lease ran out meanwhile", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await using queue = await openAt(path);
  await using takers = new AsyncDisposableStack();
  const others = [];
  for (let i = 0; i < 4; i++) others.push(takers.use(await openAt(path)));
  await queue.enqueue([shellJob()]);
  await using lease = assertExists(await queue.lease({ leaseMs: 400, waitMs: 0 }));
  const controller = new AbortController();
  const { signal } = controller;

  await using locker = new Child("locker.ts", [path]);
  await locker.line();
  const renewing = lease.renew(60_000);
  const taking = others.map((other) => other.lease({ leaseMs: 60_000, waitMs: 60_000, signal }));
  await waitUntil(() => Date.now() > lease.expiresAt + 600);
  await locker.closeInput();
  await renewing;
  controller.abort();

  assertEquals((await Promise.all(taking)).map((taken) => taken?.job.id), Array(4).fill(undefined));
  await lease.ack();
});

test("after a long lock a job whose holder is gone is taken over all the same, a little later", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  const clock = new ManualClock();
  await using queue = await openAt(path, { clock });
  const [id] = await queue.enqueue([shellJob()]);
  {
    await using holder = await openAt(path, { clock });
    await holder.lease({ leaseMs: 1_000, waitMs: 0 });
  }
  await clock.advance(2_000);
  await using locker = new Child("locker.ts", [path]);
  await locker.line();
  const leasing = queue.lease({ leaseMs: 60_000, waitMs: 0 });
  await clock.untilSleeping();
  await clock.jump(1_000);
  await clock.untilSleeping();
  await locker.closeInput();
  await locker.finish();
  await clock.jump(1_000);
  assertEquals(await leasing, undefined);
  await clock.advance(10_000);
  await using lease = assertExists(await queue.lease({ leaseMs: 60_000, waitMs: 0 }));
  assertEquals(lease.job.id, id);
});

test("a table that an outsider locks for good does not stop an abort", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await (await openAt(path))[Symbol.asyncDispose]();
  execAt(path, "PRAGMA journal_mode = DELETE");
  await using locker = new Child("locker.ts", [path]);
  await locker.line();
  const controller = new AbortController();
  const opening = openAt(path, { signal: controller.signal }).then(() => "open", () => "aborted");
  controller.abort();
  assertEquals(await opening, "aborted");
});
