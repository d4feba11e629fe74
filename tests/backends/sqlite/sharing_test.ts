import { BackendError, QueueNotFoundError } from "../../../src/core/errors.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { Child } from "../../support/child.ts";
import { commandOf, shellJob } from "../../support/jobs.ts";
import { openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

test("16 processes make one file and push to it at once, and every job is there", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await using children = new AsyncDisposableStack();
  const pushers = Array.from(
    { length: 16 },
    (_, index) => children.use(new Child("pusher.ts", [path, "5", `p${index}`])),
  );
  const ids = (await Promise.all(pushers.map((child) => child.finish()))).flat();
  await using queue = await openAt(path);
  const jobs = await queue.peek(1_000);
  assertEquals(jobs.map(({ id }) => id).toSorted(), ids.toSorted());
  assertEquals(new Set(jobs.map(commandOf)).size, 80);
});

test("two queues of one file do not see each other's jobs", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await using cpu = await openAt(path, { queue: "cpu" });
  await using gpu = await openAt(path, { queue: "gpu" });
  await cpu.enqueue([shellJob("cpu"), shellJob("cpu")]);
  await gpu.enqueue([shellJob("gpu")]);
  await using lease = await gpu.lease({ leaseMs: 60_000, waitMs: 0 });
  assertEquals(commandOf(lease?.job), "gpu");
  assertEquals(await gpu.lease({ leaseMs: 60_000, waitMs: 0 }), undefined);
  assertEquals((await cpu.counts()).ready, 2);
});

test("clearing one queue of a file leaves the others alone", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await using cpu = await openAt(path, { queue: "cpu" });
  await using gpu = await openAt(path, { queue: "gpu" });
  for (const queue of [cpu, gpu]) {
    await queue.enqueue([shellJob("dead"), shellJob("waiting")]);
    const lease = await queue.lease({ leaseMs: 60_000, waitMs: 0 });
    await lease?.deadLetter({ kind: "failed", message: "x", at: 0 });
  }
  const [letter] = await cpu.deadLetters.list();
  assertEquals(await gpu.deadLetters.purge([letter?.job.id ?? ""]), 0);
  assertEquals([await gpu.deadLetters.purge("all"), await gpu.purge()], [1, 1]);
  const { ready, failed } = await cpu.counts();
  assertEquals([ready, failed], [1, 1]);
});

test("opening a file a second time keeps the locks of the first", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await using _first = await openAt(path);
  assertEquals(await isLockedHere(path), true);
  await using _second = await openAt(path, { queue: "other" });
  await assertRejects(openAt(path, { queue: "missing", create: false }), QueueNotFoundError);
  await Deno.symlink(path, directory.join("link.db"));
  await using _third = await openAt(directory.join("link.db"));
  assertEquals(await isLockedHere(path), true);
});

test("a file that was closed here is looked at again", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await (await openAt(path))[Symbol.asyncDispose]();
  await Deno.writeTextFile(path, "no database any longer");
  await assertRejects(openAt(path), BackendError);
});

test("a file that is open twice here survives another process that comes and goes", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await using first = await openAt(path);
  await using second = await openAt(path, { queue: "other" });
  await first.enqueue([shellJob("before")]);
  await using visitor = new Child("pusher.ts", [path, "1", "visitor"]);
  await visitor.finish();
  await first.enqueue([shellJob("after")]);
  await second.enqueue([shellJob("other")]);
  await using later = new Child("peeker.ts", [path]);
  assertEquals(await later.finish(), ["before", "echo visitor-0", "after"]);
});

/** Whether this process has a lock on the file, by what the kernel says: `1: POSIX ADVISORY READ PID MAJOR:MINOR:INODE …`. */
async function isLockedHere(path: string): Promise<boolean> {
  const { ino } = await Deno.stat(path);
  const locks = await Deno.readTextFile("/proc/locks");
  return locks.split("\n").some((line) => {
    const [, , , , pid, file] = line.split(/\s+/);
    return pid === String(Deno.pid) && file?.endsWith(`:${ino}`);
  });
}
