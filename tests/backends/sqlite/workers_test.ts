import { SqliteWorkers } from "../../../src/backends/sqlite/workers.ts";
import { WORKER_BEAT_MS, type WorkerSelf } from "../../../src/core/workers.ts";
import { assertEquals } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { SqliteFixture } from "../../support/sqlite_context.ts";
import { test } from "../../support/testing.ts";

const SELF: WorkerSelf = { id: "w1", host: "node-7", pid: 4_711, slots: 8 };
const DAY_MS = 86_400_000;

interface Place extends AsyncDisposable {
  readonly it: SqliteFixture;
  readonly clock: ManualClock;
  /** On a connection of their own. */
  readonly workers: SqliteWorkers;
  /** Changes when somebody on another connection has written to the file. */
  readonly version: () => unknown;
}

async function makePlace(): Promise<Place> {
  const clock = new ManualClock();
  const it = await SqliteFixture.make({ clock });
  return {
    it,
    clock,
    workers: new SqliteWorkers(it.context),
    version: () => it.ask("PRAGMA data_version"),
    [Symbol.asyncDispose]: () => it[Symbol.asyncDispose](),
  };
}

test("a report writes to the file only when it is time for a beat", async () => {
  await using place = await makePlace();
  const { it, clock, workers, version } = place;
  await using presence = await it.queue.workers.register(SELF);
  const startedAt = clock.now();
  let before = version();
  await clock.advance(WORKER_BEAT_MS - 1);
  await presence.report();
  assertEquals(version(), before);
  await clock.advance(1);
  await presence.report();
  assertEquals((await workers.list())[0]?.beatAt, startedAt + WORKER_BEAT_MS);
  before = version();
  await presence.report();
  assertEquals(version(), before);
});

test("a worker is heard of by the new time when the clock was set back", async () => {
  await using place = await makePlace();
  const { clock, workers } = place;
  await using presence = await workers.register(SELF);
  await clock.jump(-3_600_000);
  await presence.report();
  assertEquals((await workers.list())[0]?.beatAt, clock.now());
});

test("a worker whose entry has vanished is back with its next report", async () => {
  await using place = await makePlace();
  const { it, clock, workers } = place;
  await using presence = await workers.register(SELF);
  const startedAt = clock.now();
  it.exec("DELETE FROM workers");
  await clock.advance(1_000);
  assertEquals(await presence.report(), undefined);
  assertEquals(await workers.list(), [
    { ...SELF, startedAt, beatAt: clock.now(), jobs: [], stop: undefined },
  ]);
});

test("a worker that leaves takes nobody else's entry with it, though it has the same id", async () => {
  await using place = await makePlace();
  const { workers } = place;
  const first = await workers.register(SELF);
  const second = await workers.register({ ...SELF, pid: 4_712 });
  await first[Symbol.asyncDispose]();
  assertEquals((await workers.list()).map(({ pid }) => pid), [4_712]);
  await second[Symbol.asyncDispose]();
  assertEquals(await workers.list(), []);
});

test("two workers of the same id do not drive each other out", async () => {
  await using place = await makePlace();
  const { it, workers, version } = place;
  await using first = await it.queue.workers.register(SELF);
  await using second = await it.queue.workers.register({ ...SELF, pid: 4_712 });
  const before = version();
  for (const presence of [first, second, first]) await presence.report();
  assertEquals(version(), before);
  await workers.stop(SELF.id, "drain");
  assertEquals([await first.report(), await second.report()], ["drain", "drain"]);
});

test("a request that is not understood is not heard", async () => {
  await using place = await makePlace();
  const { it, workers } = place;
  await using presence = await workers.register(SELF);
  it.exec("UPDATE workers SET stop = 'after lunch'");
  assertEquals([await presence.report(), (await workers.list())[0]?.stop], [undefined, undefined]);
});

test("registering removes those that were not heard of for a day", async () => {
  await using place = await makePlace();
  const { it, clock, workers } = place;
  const old = await workers.register(SELF);
  await clock.advance(DAY_MS);
  await using _young = await workers.register({ ...SELF, id: "young" });
  assertEquals(it.ask("SELECT group_concat(id) FROM workers"), "young");
  await old[Symbol.asyncDispose]();
});

test("workers and jobs of another queue in the same file are not seen", async () => {
  await using place = await makePlace();
  const { it, workers } = place;
  const other = await it.openOther();
  await other.enqueue([shellJob()]);
  await using _theirs = await other.workers.register(SELF);
  await using _held = await other.lease({ leaseMs: 60_000, waitMs: 0, workerId: SELF.id });
  assertEquals([await workers.list(), await workers.stop(SELF.id, "now")], [[], false]);
  await using _ours = await workers.register(SELF);
  assertEquals((await workers.list()).map(({ jobs }) => jobs), [[]]);
  assertEquals((await other.workers.list()).map(({ jobs, stop }) => [jobs.length, stop]), [[1, undefined]]);
});
