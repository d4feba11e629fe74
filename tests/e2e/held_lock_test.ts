import { openQueue } from "../../src/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { Child } from "../support/child.ts";
import { jobq } from "../support/jobq.ts";
import { shellJob } from "../support/jobs.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { WorkerProcess } from "../support/worker_process.ts";
import { waitUntil } from "../support/wait_until.ts";

test("a process that holds the write lock ends no worker, re-runs no job and fails no job", async () => {
  await using dir = await TempDir.make();
  const path = dir.join("q.db");
  await using queue = await openQueue(path);
  const run = (name: string, seconds: number) =>
    shellJob(`echo ${name} >> ${dir.join("runs")}; sleep ${seconds}`);
  // One ends while the lock is held, one outlives it; the lease is over before the lock is free again.
  await queue.enqueue([run("short", 0.5), run("long", 6), run("later", 0), run("last", 0)]);
  await using first = new WorkerProcess(path, ["--visibility-timeout", "2s", "--idle-timeout", "8s"]);
  await using second = new WorkerProcess(path, ["--visibility-timeout", "2s", "--idle-timeout", "8s"]);
  const runs = async () =>
    (await Deno.readTextFile(dir.join("runs")).catch(() => "")).split("\n").filter(Boolean);
  await waitUntil(async () => (await runs()).length === 2);

  const lock = new Child("locker.ts", [path]);
  await lock.line();
  const push = jobq([path, "push", "-c", `echo pushed >> ${dir.join("runs")}`]);
  await waitUntil(() => /holds the lock/.test(first.log) || /holds the lock/.test(second.log));
  await lock.closeInput();
  await lock.finish();
  await lock[Symbol.asyncDispose]();

  assertEquals((await push).code, 0);
  assertEquals([await first.ended(), await second.ended()], [0, 0]);
  assertEquals((await runs()).toSorted(), ["last", "later", "long", "pushed", "short"]);
  const { completed, failed, ready, running } = await queue.counts();
  assertEquals([completed, failed, ready, running], [5, 0, 0, 0]);
});
