import { openQueue } from "../../src/backends/registry.ts";
import type { NewJob } from "../../src/core/job.ts";
import { assert, assertEquals, assertExists, assertMatch } from "../support/assert.ts";
import { GateBench } from "../support/gate_bench.ts";
import { shellJob } from "../support/jobs.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { WorkerProcess } from "../support/worker_process.ts";

async function textOf(path: string): Promise<string> {
  return (await Deno.readTextFile(path).catch(() => "")).trim();
}

async function isRunning(pid: string): Promise<boolean> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}

async function push(address: string, job: NewJob): Promise<string> {
  await using queue = await openQueue(address);
  const [id] = await queue.enqueue([job]);
  return assertExists(id);
}

test("a gate that could not start where one job wants it is asked again for another job", async () => {
  await using bench = await GateBench.open();
  assertEquals((await bench.ask("true", { job: { cwd: "/no/such/directory" } })).kind, "refused");
  assertEquals((await bench.ask("true")).kind, "passed");
});

test("a job that is stopped while its gate is asked is not said to have started", async () => {
  await using dir = await TempDir.make();
  const address = dir.join("jobs.db");
  const id = await push(
    address,
    shellJob("true", { gateCmd: `echo $$ > ${dir.join("pid")}; exec sleep 60` }),
  );
  await using worker = new WorkerProcess(address);
  const pid = await waitUntil(() => textOf(dir.join("pid")));
  worker.signal("SIGTERM");
  await worker.ended();
  assertMatch(worker.log, /was interrupted and given back/);
  assert(!/\bstarted\b/.test(worker.log), worker.log);
  assertEquals(await isRunning(pid), false);
  await using queue = await openQueue(address);
  const { state, attempts } = assertExists(await queue.get(id));
  assertEquals([state, attempts], ["pending", 0]);
});

for (const kind of ["a file", "a directory"]) {
  test(`a worker that is killed while it asks a gate costs the job no attempt, and its gate ends: ${kind}`, async () => {
    await using dir = await TempDir.make();
    const address = kind === "a file" ? dir.join("jobs.db") : `${dir.path}/queue`;
    if (kind === "a directory") await Deno.mkdir(address);
    const [pidFile, ranFile] = [dir.join("pid"), dir.join("ran")];
    const gateCmd = `test -e ${pidFile} || { echo $$ > ${pidFile}; exec sleep 60; }`;
    const id = await push(address, shellJob(`echo ran >> ${ranFile}`, { gateCmd }));
    await using first = new WorkerProcess(address, ["--visibility-timeout", "2s"]);
    const pid = await waitUntil(() => textOf(pidFile));
    first.signal("SIGKILL");
    await waitUntil(async () => !await isRunning(pid), { what: `the end of the gate ${pid}` });
    await using second = new WorkerProcess(address, ["--idle-timeout", "forever"]);
    await using queue = await openQueue(address);
    await waitUntil(async () => (await queue.get(id))?.state === "completed");
    second.signal("SIGUSR1");
    await second.ended();
    const { state, attempts } = assertExists(await queue.get(id));
    assertEquals([state, attempts, await textOf(ranFile)], ["completed", 1, "ran"]);
  });
}
