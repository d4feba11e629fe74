import { openDirectoryQueue } from "../../../src/backends/directory/open.ts";
import { openQueue } from "../../../src/backends/registry.ts";
import type { Lease } from "../../../src/core/queue.ts";
import { assert, assertBetween, assertEquals, assertExists, assertMatch } from "../../support/assert.ts";
import { Child } from "../../support/child.ts";
import { DirectoryFixture, filesBelow, openAtClock } from "../../support/directory_queue.ts";
import { shellJob } from "../../support/jobs.ts";
import { isAlive } from "../../support/run_job.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { WorkerProcess } from "../../support/worker_process.ts";

const LEASE = { leaseMs: 60_000, waitMs: 20_000 } as const;

test("the job of a killed holder is taken over within seconds, long before its lease ends", async () => {
  await using directory = await TempDir.make();
  await using queue = await openQueue(directory.join("queue"));
  const [id] = await queue.enqueue([shellJob()]);
  await using holder = new Child("holder.ts", [directory.join("queue"), "600000"]);
  assertEquals(await holder.line(), `${id} 0`);
  const waiting = queue.lease(LEASE);
  await holder.kill();
  const since = performance.now();
  await using lease = assertExists(await waiting);
  assertEquals(lease.job.id, id);
  assertBetween(performance.now() - since, 0, 5_000);
  await lease.ack();
  assertEquals(filesBelow(directory.join("queue"), "held").length, 2, "what it left is there still");
});

test("a living holder's job is taken by nobody, however often they look", async () => {
  await using directory = await TempDir.make();
  await using queue = await openQueue(directory.join("queue"));
  await queue.enqueue([shellJob()]);
  await using holder = new Child("holder.ts", [directory.join("queue"), "600000"]);
  await holder.line();
  assertEquals(await queue.lease({ ...LEASE, waitMs: 2_000 }), undefined);
});

/** Makes the folder of a holder look as if it were of another host, whose locks this one never saw. */
async function sendAway(it: DirectoryFixture, id: string, isLocked = true): Promise<string> {
  const life = `${it.fileOf(id).split("/").slice(0, -1).join("/")}/life`;
  const said = JSON.parse(await Deno.readTextFile(life));
  await Deno.writeTextFile(life, JSON.stringify({ ...said, boot: "another-boot", isLocked }));
  return life;
}

/** A job that is held by a process that is gone, whose lease is an hour long. */
async function abandoned(it: DirectoryFixture): Promise<string> {
  const [id = ""] = await it.queue.enqueue([shellJob()]);
  const other = openAtClock(it.path, it.clock);
  await it.next(other);
  await other[Symbol.asyncDispose]();
  return id;
}

for (const isLocked of [true, false]) {
  const which = isLocked ? "another host that was never seen to lock" : "a holder that could not lock";
  test(`the job of ${which} is taken over at the end of its lease, not before`, async () => {
    await using it = await DirectoryFixture.make();
    const id = await abandoned(it);
    await sendAway(it, id, isLocked);
    for (let minutes = 0; minutes < 59; minutes++) {
      assertEquals(await it.queue.lease({ leaseMs: 1_000, waitMs: 0 }), undefined, `after ${minutes} min`);
      await it.clock.jump(60_000);
    }
    await it.clock.jump(60_001);
    assertEquals((await it.next()).job.id, id);
  });
}

test("the job of another host is taken over at once when its lock was seen to hold and is gone", async () => {
  await using it = await DirectoryFixture.make();
  const id = await abandoned(it);
  const life = await sendAway(it, id);
  {
    // Another handle of this process has another lock.
    using file = await Deno.open(life, { read: true, write: true });
    assert(file.tryLockSync(true));
    assertEquals(await it.queue.lease({ leaseMs: 1_000, waitMs: 0 }), undefined);
    await it.clock.jump(1_000);
  }
  assertEquals((await it.next()).job.id, id);
});

test("a stopped holder's job is taken at the end of its lease, and the woken one settles nothing", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("queue");
  await using queue = await openQueue(path);
  const marks = directory.join("pids");
  const [id = ""] = await queue.enqueue([shellJob(`echo $$ >> '${marks}'; exec sleep 30`)]);
  await using stopped = new WorkerProcess(path, ["--visibility-timeout", "2s", "--idle-timeout", "60s"]);
  const pid = await waitUntil(async () => (await Deno.readTextFile(marks).catch(() => "")).trim());
  stopped.signal("SIGSTOP");
  let lease: Lease | undefined;
  try {
    const since = performance.now();
    lease = assertExists(await queue.lease(LEASE));
    assertEquals(lease.job.id, id);
    assertBetween(performance.now() - since, 0, 10_000);
  } finally {
    stopped.signal("SIGCONT");
  }
  await waitUntil(async () => !(await isAlive(pid)), { what: "the end of the woken worker's child" });
  await lease.renew(60_000);
  const [next = ""] = await queue.enqueue([shellJob("echo went on")]);
  await waitUntil(async () => (await queue.get(next))?.state === "completed");
  const { history, state } = assertExists(await queue.get(id));
  assertEquals([state, history.map(({ outcome }) => outcome)], ["running", ["lost", "running"]]);
  await lease.ack();
  assertMatch(stopped.log, /lost/);
});

test("what a killed worker held is run by others, and nothing is left of it", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("queue");
  await using queue = openDirectoryQueue({ kind: "directory", path });
  const ids = await queue.enqueue(Array.from({ length: 40 }, () => shellJob("sleep 0.02")));
  for (let round = 0; round < 4; round++) {
    await using worker = new WorkerProcess(path, ["-n", "3", "--visibility-timeout", "10m"]);
    const before = (await queue.counts()).completed ?? 0;
    await waitUntil(async () => ((await queue.counts()).completed ?? 0) > before);
    worker.signal("SIGKILL");
    await worker.ended();
  }
  await using last = new WorkerProcess(path, ["-n", "3", "--idle-timeout", "3s"]);
  assertEquals(await last.ended(), 0, last.log);
  assertEquals((await queue.counts()).completed, ids.length);
  const hot = filesBelow(path).filter((file) => /^(ready|delayed|blocked|held|batches|broken)\//.test(file));
  assertEquals(hot.filter((file) => !/\/(life|renewals)$/.test(file)), []);
});
