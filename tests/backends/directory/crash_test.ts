import { assert, assertEquals, assertExists } from "../../support/assert.ts";
import { OPERATIONS } from "../../support/directory_operations.ts";
import {
  DirectoryFixture,
  filesBelow,
  jobFiles,
  keyIn,
  openAtClock,
  runAll,
} from "../../support/directory_queue.ts";
import { FailingCalls, Killed } from "../../support/failing_calls.ts";
import { shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";

/** Until then, others have taken over all that a dead process had, in ms. */
const TAKEN_OVER_MS = 70_000;
/** Until then, what it left unfinished is removed, in ms. */
const REMOVED_MS = 2 * 86_400_000;

type Operation = (typeof OPERATIONS)[string];

/** Does it in a process that is killed before its n-th change of a file; answers whether it came to that. */
async function crashAt(it: DirectoryFixture, n: number, operation: Operation) {
  const doomed = openAtClock(it.path, it.clock);
  const { known, adds = 0, act } = await operation(doomed);
  await it.clock.jump(10);
  using calls = new FailingCalls(it.path, { skip: n, mode: "killed" });
  const error = await act().then(() => undefined, (error: unknown) => error);
  assert(calls.hasFailed || error === undefined, String(error));
  // What a killed process was told, nobody hears.
  const isAcknowledged = error === undefined && !calls.hasFailed;
  // What is left of it is taken away by the kernel, without a word to the queue.
  await doomed[Symbol.asyncDispose]().catch((error) => assert(error instanceof Killed));
  return { known, adds, isAcknowledged, hasCrashed: calls.hasFailed };
}

async function assertWhole(
  it: DirectoryFixture,
  { known, adds, isAcknowledged }: { known: readonly string[]; adds: number; isAcknowledged: boolean },
): Promise<void> {
  const fresh = it.open();
  // What blocked jobs wait for is looked at by and by, from the first look on.
  await fresh.lease({ leaseMs: 1, waitMs: 0, job: "1-none" });
  await it.clock.jump(TAKEN_OVER_MS);
  const ran = await runAll(fresh, it.clock);
  assertEquals(ran.length, new Set(ran).size, "a job was run twice");
  const counts = await fresh.counts();
  assertEquals(counts.unfinished, 0, "a job is stuck");
  const all = (await fresh.list()).map(({ id }) => id);
  assertEquals(new Set(all).size, all.length, "a job is there twice");
  assertEquals(known.filter((id) => !all.includes(id)), [], "a job is lost");
  const added = all.length - known.length;
  assert(added === adds || (added === 0 && !isAcknowledged), `${added} of ${adds} jobs were pushed`);
  for (const id of all) assert(assertExists(await fresh.get(id)).finishedAt !== undefined);
  const keys = jobFiles(it.path).map(keyIn);
  assertEquals(keys.length, new Set(keys).size, "a job has two files");
  assertEquals(it.warnings, []);
}

function assertTidy(it: DirectoryFixture): void {
  const left = filesBelow(it.path).filter((path) =>
    /^(tmp|batches|ready|delayed|blocked|broken)\//.test(path)
  );
  assertEquals(left, []);
  const held = filesBelow(it.path, "held").map((path) => path.split("/")[1]);
  assertEquals(new Set(held).size, 1, `files are left in held/: ${held}`);
}

for (const [name, operation] of Object.entries(OPERATIONS)) {
  test(`${name}: a process may be killed before any of its steps, and nothing is lost, doubled or stuck`, async () => {
    for (let n = 0;; n++) {
      await using it = await DirectoryFixture.make();
      const crash = await crashAt(it, n, operation);
      try {
        await assertWhole(it, crash);
      } catch (error) {
        throw new Error(`killed before change ${n}`, { cause: error });
      }
      if (!crash.hasCrashed) return assert(n > 0);
    }
  });
}

for (const [name, operation] of Object.entries(OPERATIONS)) {
  test(`${name}: what a process left that was killed in the middle is gone two days later`, async () => {
    for (let n = 0;; n++) {
      await using it = await DirectoryFixture.make();
      const crash = await crashAt(it, n, operation);
      const fresh = it.open();
      await it.clock.jump(REMOVED_MS);
      await fresh.enqueue([shellJob("another")]);
      await runAll(fresh, it.clock);
      try {
        assertTidy(it);
      } catch (error) {
        throw new Error(`killed before change ${n}`, { cause: error });
      }
      if (!crash.hasCrashed) return;
    }
  });
}

test("what another process has not written to its end is left to it", async () => {
  await using it = await DirectoryFixture.make();
  const unfinished = ["batches/abc.new/0/a file", "tmp/abc"];
  await Deno.mkdir(it.at("batches/abc.new/0"), { recursive: true });
  for (const path of unfinished) await Deno.writeTextFile(it.at(path), "half of");
  for (let hour = 0; hour < 20; hour++) {
    await it.queue.enqueue([shellJob()]);
    await it.runAll();
    await it.clock.jump(3_600_000);
  }
  assertEquals([...it.files("batches"), ...it.files("tmp")], unfinished);
});
