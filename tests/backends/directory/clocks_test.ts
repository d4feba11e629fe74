import { DirectoryQueue } from "../../../src/backends/directory/queue.ts";
import { openDirectoryQueue } from "../../../src/backends/directory/open.ts";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { assert, assertBetween, assertEquals, assertExists } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";

const HOUR_MS = 3_600_000;

/** The clock of a host that is set wrong. */
function skewed(ms: number): Clock {
  return { now: () => Date.now() + ms, sleep: (time, signal) => systemClock.sleep(time, signal) };
}

/** A handle of a host whose clock is so far ahead of the filesystem's. */
function openSkewed(path: string, ms: number): DirectoryQueue {
  const queue = openDirectoryQueue({ kind: "directory", path }, { clock: skewed(ms) });
  assert(queue instanceof DirectoryQueue);
  return queue;
}

for (
  const [here, there] of [[0, HOUR_MS], [0, -HOUR_MS], [HOUR_MS, -HOUR_MS], [-HOUR_MS, HOUR_MS]] as const
) {
  const hosts = `a host whose clock is ${there / 60_000} min off, beside one with ${here / 60_000} min`;

  test(`${hosts}, takes no job whose lease runs, with the first thing it does`, async () => {
    await using directory = await TempDir.make();
    await using first = openSkewed(directory.join("queue"), here);
    await first.enqueue([shellJob()]);
    const lease = assertExists(await first.lease({ leaseMs: 60_000, waitMs: 0 }));
    await using second = openSkewed(directory.join("queue"), there);
    assertEquals(await second.lease({ leaseMs: 60_000, waitMs: 0 }), undefined);
    await lease.renew(60_000);
    await lease.ack();
    assertEquals((await second.counts()).completed, 1);
  });

  test(`${hosts}, takes a job soon after its lease has ended`, async () => {
    await using directory = await TempDir.make();
    await using first = openSkewed(directory.join("queue"), here);
    const [id] = await first.enqueue([shellJob()]);
    assertExists(await first.lease({ leaseMs: 1_500, waitMs: 0 }));
    await using second = openSkewed(directory.join("queue"), there);
    const since = performance.now();
    const lease = assertExists(await second.lease({ leaseMs: 60_000, waitMs: 15_000 }));
    assertEquals(lease.job.id, id);
    assertBetween(performance.now() - since, 1_000, 10_000);
    await lease.ack();
  });

  test(`${hosts}, takes a delayed job when its time has come`, async () => {
    await using directory = await TempDir.make();
    await using first = openSkewed(directory.join("queue"), here);
    const [id] = await first.enqueue([shellJob("true", { delayMs: 2_000 })]);
    await using second = openSkewed(directory.join("queue"), there);
    assertEquals(await second.lease({ leaseMs: 60_000, waitMs: 0 }), undefined);
    const since = performance.now();
    const lease = assertExists(await second.lease({ leaseMs: 60_000, waitMs: 15_000 }));
    assertEquals(lease.job.id, id);
    assertBetween(performance.now() - since, 1_000, 10_000);
    await lease.ack();
  });

  test(`${hosts}, takes no delayed job early after it was given back by the other`, async () => {
    await using directory = await TempDir.make();
    await using first = openSkewed(directory.join("queue"), here);
    await using second = openSkewed(directory.join("queue"), there);
    await first.enqueue([shellJob()]);
    await assertExists(await first.lease({ leaseMs: 60_000, waitMs: 0 })).release({ delayMs: 60_000 });
    assertEquals(await second.lease({ leaseMs: 60_000, waitMs: 0 }), undefined);
    const { ready, delayed } = await second.counts();
    assertEquals([ready, delayed], [0, 1]);
  });

  test(`${hosts}, keeps its own lease for as long as it asked`, async () => {
    await using directory = await TempDir.make();
    await using first = openSkewed(directory.join("queue"), here);
    await using second = openSkewed(directory.join("queue"), there);
    await first.enqueue([shellJob()]);
    const lease = assertExists(await second.lease({ leaseMs: 60_000, waitMs: 0 }));
    // Who holds it compares this with the host's own clock.
    assertBetween(lease.expiresAt - skewed(there).now(), 50_000, 61_000);
    await lease.renew(120_000);
    assertBetween(lease.expiresAt - skewed(there).now(), 110_000, 121_000);
    assertEquals(await first.lease({ leaseMs: 60_000, waitMs: 0 }), undefined);
    await lease.ack();
  });

  test(`${hosts}, sees the workers of the other, and which of them live`, async () => {
    await using directory = await TempDir.make();
    await using first = openSkewed(directory.join("queue"), here);
    await using second = openSkewed(directory.join("queue"), there);
    await using _ = await first.workers.register({ id: "w", host: "h", pid: 1, slots: 1 });
    const [worker] = await second.workers.list();
    assertBetween(Math.abs(assertExists(worker).beatAt - Date.now()), 0, 10_000);
  });
}

test("a clock that is set while a lease runs neither ends nor prolongs it", async () => {
  await using directory = await TempDir.make();
  let ahead = 0;
  const clock: Clock = { now: () => Date.now() + ahead, sleep: systemClock.sleep };
  await using first = openDirectoryQueue({ kind: "directory", path: directory.join("queue") }, { clock });
  await using second = openSkewed(directory.join("queue"), 0);
  await first.enqueue([shellJob(), shellJob()]);
  const lease = assertExists(await second.lease({ leaseMs: 60_000, waitMs: 0 }));
  const own = assertExists(await first.lease({ leaseMs: 60_000, waitMs: 0 }));
  for (ahead of [HOUR_MS, -HOUR_MS, 0]) {
    assertEquals(await first.lease({ leaseMs: 60_000, waitMs: 0 }), undefined, `${ahead} ms ahead`);
    await own.renew(60_000);
    assertEquals(await second.lease({ leaseMs: 60_000, waitMs: 0 }), undefined, `${ahead} ms ahead`);
  }
  await lease.ack();
  await own.ack();
  await waitUntil(async () => (await first.counts()).completed === 2);
});
