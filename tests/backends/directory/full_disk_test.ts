import { BackendError } from "../../../src/core/errors.ts";
import { assert, assertEquals, assertExists } from "../../support/assert.ts";
import { OPERATIONS } from "../../support/directory_operations.ts";
import { Child } from "../../support/child.ts";
import {
  DirectoryFixture,
  filesBelow,
  jobFiles,
  keyIn,
  openAtClock,
  runAll,
} from "../../support/directory_queue.ts";
import { FailingCalls, type FailingMode } from "../../support/failing_calls.ts";
import { shellJob } from "../../support/jobs.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test, testWhere } from "../../support/testing.ts";
import { findUnshare } from "../../support/unshare.ts";

/** Until then, jobs that could not be put where they belong have been moved on, in ms. */
const MOVED_ON_MS = 70_000;

/** Does it with no room at its n-th change of a file, and again when there is room; answers whether it came to that. */
async function failAt(
  it: DirectoryFixture,
  n: number,
  { mode, operation }: { mode: FailingMode; operation: (typeof OPERATIONS)[string] },
): Promise<boolean> {
  const queue = openAtClock(it.path, it.clock);
  await using _ = queue;
  const { known, adds = 0, act } = await operation(queue);
  await it.clock.jump(10);
  const before = (await queue.list()).length;
  let hasFailed: boolean;
  {
    using calls = new FailingCalls(it.path, { skip: n, mode });
    const error = await act().then(() => undefined, (error: unknown) => error);
    hasFailed = calls.hasFailed;
    if (error !== undefined) {
      assert(error instanceof BackendError && error.transient && error.hint && hasFailed, String(error));
    }
    const added = (await queue.list()).length - before;
    if (error !== undefined) assertEquals(added, 0, "a push that failed pushed something");
    if (error === undefined) assertEquals([adds, filesBelow(it.path, "tmp")], [adds, []]);
    if (error === undefined) await assertNothingLost(it, { known, adds: undefined, queue });
    else calls[Symbol.dispose]();
    // What it could not put back, it has for this long.
    await it.clock.jump(61_000);
    if (error !== undefined) await act();
  }
  await assertNothingLost(it, { known, adds, queue });
  return hasFailed;
}

/** @param options.adds how many jobs there are besides the known ones; undefined while they are not looked for */
async function assertNothingLost(
  it: DirectoryFixture,
  { known, adds, queue }: {
    known: readonly string[];
    adds: number | undefined;
    queue: ReturnType<typeof openAtClock>;
  },
): Promise<void> {
  const all = (await queue.list()).map(({ id }) => id);
  assertEquals(known.filter((id) => !all.includes(id)), [], "a job is lost");
  if (adds === undefined) return;
  // The same process goes on, and has nobody else to clean up behind it.
  await queue.lease({ leaseMs: 1, waitMs: 0, job: "1-none" });
  await it.clock.jump(MOVED_ON_MS + 3_600_000);
  await runAll(queue, it.clock);
  const counts = await queue.counts();
  assertEquals(counts.unfinished, 0, "a job is stuck");
  const there = (await queue.list()).map(({ id }) => id);
  assertEquals(there.length, new Set(there).size);
  assertEquals(there.length - known.length, adds, "jobs were pushed twice, or are lost");
  for (const id of there) assert(assertExists(await queue.get(id)).finishedAt !== undefined);
  const keys = jobFiles(it.path).map(keyIn);
  assertEquals(keys.length, new Set(keys).size, "a job has two files");
  assertEquals(filesBelow(it.path).filter((path) => /^(tmp|batches)\//.test(path)), []);
}

for (const mode of ["full", "stays full"] as const) {
  const what = mode === "full" ? "for a moment" : "for a while";
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    test(`${name}: the disk may be full ${what} at any of its steps, and the same process goes on`, async () => {
      for (let n = 0;; n++) {
        await using it = await DirectoryFixture.make();
        const hasFailed = await failAt(it, n, { mode, operation }).catch((error) => {
          throw new Error(`no room at change ${n}`, { cause: error });
        });
        if (!hasFailed) return assert(n > 0);
      }
    });
  }
}

test("what came of a job is told also after a line that a full disk cut off", async () => {
  for (let n = 0;; n++) {
    await using it = await DirectoryFixture.make();
    const [id = ""] = await it.queue.enqueue([shellJob("one", { maxAttempts: 2 })]);
    let hasFailed: boolean;
    {
      using calls = new FailingCalls(it.path, { skip: n, mode: "full" });
      const lease = await it.queue.lease({ leaseMs: 60_000, waitMs: 0 }).catch(() => undefined);
      await lease?.release().catch(() => {});
      hasFailed = calls.hasFailed;
    }
    await it.clock.jump(61_000);
    await (await it.next()).ack({ score: 7 }, { output: "out" });
    const { state, result, history } = assertExists(await it.queue.get(id));
    assertEquals([state, result, history.at(-1)?.output], ["completed", { score: 7 }, "out"], `change ${n}`);
    if (!hasFailed) return;
  }
});

const unshare = await findUnshare();
testWhere(
  unshare.length > 0,
  "the right to mount a tmpfs",
  "on a filesystem with any number of free pages nothing is lost, and all goes on when there is room",
  async () => {
    await using directory = await TempDir.make();
    const mount = 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"';
    await using child = new Child("directory_filler.ts", [directory.path], {
      through: [...unshare, "sh", "-c", mount, directory.path],
    });
    const { failures, problems } = JSON.parse(await child.line());
    assertEquals(problems, []);
    assert(failures > 10, `only ${failures} calls failed`);
  },
);
