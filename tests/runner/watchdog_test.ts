import { silentLogger } from "../../src/log/logger.ts";
import { findPrograms } from "../../src/runner/programs.ts";
import { Watchdog } from "../../src/runner/watchdog.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { ALL_RIGHTS, LIMITED_RIGHTS, spawnScript } from "../support/rights.ts";
import { isAlive } from "../support/run_job.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

/** Jobs that leave processes in every way short of hiding; each prints `pid N` for what must not survive. */
const STUBBORN = [
  "echo pid $$; exec sleep 1000",
  "trap '' TERM HUP; echo pid $$; while :; do sleep 1; done",
  "(trap '' TERM; echo pid $BASHPID; exec sleep 1000) > /proc/self/fd/1 & echo pid $!; wait",
  "nohup sleep 1000 > /dev/null 2>&1 & echo pid $!; wait",
  "env -i sleep 1000 & echo pid $!; wait",
  "setsid sleep 1000 & echo pid $!; wait",
  "(trap '' TERM HUP; (echo pid $BASHPID; while :; do sleep 1; done) & wait) & wait",
];
const STUBBORN_PIDS = 8;
/** With a terminal, what keeps it is the only process of the terminal's own session. */
const ON_TERMINAL = 'echo pid $(ps -o pid= -t "$(readlink /proc/$$/fd/1)"); exec sleep 1000';

const plain = { args: STUBBORN, pidCount: STUBBORN_PIDS };
const terminal = {
  args: [...STUBBORN, ON_TERMINAL],
  pidCount: STUBBORN_PIDS + 1,
  env: { EMULATE_TTY: "1" },
};
const HOSTS = {
  "with limited rights": { rights: LIMITED_RIGHTS, ...plain },
  "with all rights": { rights: ALL_RIGHTS, ...plain },
  "with limited rights and terminals": { rights: LIMITED_RIGHTS, ...terminal },
  "with all rights and terminals": { rights: ALL_RIGHTS, ...terminal },
};
for (const [name, { pidCount, ...options }] of Object.entries(HOSTS)) {
  test(`${name}, nothing survives a kill -9 of the worker for 3 s`, async () => {
    const worker = spawnScript("runner_host.ts", options);
    const decoder = new TextDecoder();
    let printed = "";
    const reader = worker.stdout.getReader();
    const pids = () => [...printed.matchAll(/pid (\d+)\n/g)].map(([, pid = ""]) => pid);
    while (pids().length < pidCount) {
      const { value, done } = await reader.read();
      assert(!done, `the host ended early: ${printed}`);
      printed += decoder.decode(value);
    }
    worker.kill("SIGKILL");
    const killedAt = performance.now();
    await worker.status;
    const alive = async () => (await Promise.all(pids().map(isAlive))).filter(Boolean).length;
    await waitUntil(async () => await alive() === 0);
    const seconds = (performance.now() - killedAt) / 1_000;
    await Promise.all([reader.cancel(), worker.stderr.cancel()]);
    assert(seconds < 3, `it took ${seconds} s`);
  });
}

test("a worker that is killed leaves no temporary files", async () => {
  await using dir = await TempDir.make();
  const worker = spawnScript("runner_host.ts", {
    rights: ALL_RIGHTS,
    args: ["echo up; exec sleep 1000"],
    env: { TMPDIR: dir.path },
  });
  const reader = worker.stdout.getReader();
  await reader.read();
  const count = () => Array.from(Deno.readDirSync(dir.path)).length;
  assertEquals(count(), 1);
  worker.kill("SIGKILL");
  await worker.status;
  await waitUntil(() => count() === 0);
  await Promise.all([reader.cancel(), worker.stderr.cancel()]);
});

async function startWatchdog(directory: string): Promise<Watchdog> {
  const programs = await findPrograms("/usr/bin:/bin");
  return Watchdog.start({
    programs,
    workerId: `test-${crypto.randomUUID()}`,
    directory,
    path: "/usr/bin:/bin",
    log: silentLogger,
  });
}

function startGroup(): Deno.ChildProcess {
  return new Deno.Command("setsid", { args: ["sleep", "1000"], stdin: "null" }).spawn();
}

test("the watchdog sends signals to a group and tells whether it lived", async () => {
  await using dir = await TempDir.make();
  await using watchdog = await startWatchdog(dir.path);
  const group = startGroup();
  watchdog.add(group.pid);
  await waitUntil(() => watchdog.signal(group.pid, "0"));
  assertEquals(await watchdog.signal(group.pid, "KILL"), true);
  assertEquals((await group.status).signal, "SIGKILL");
  assertEquals(await watchdog.signal(group.pid, "0"), false);
});

test("a watchdog that is disposed leaves running groups alone", async () => {
  await using dir = await TempDir.make();
  const group = startGroup();
  {
    await using watchdog = await startWatchdog(dir.path);
    watchdog.add(group.pid);
  }
  assert(await isAlive(group.pid));
  group.kill("SIGKILL");
  await group.status;
});

test("a watchdog that somebody kills is replaced, and the new one knows the groups", async () => {
  await using dir = await TempDir.make();
  const group = startGroup();
  const marker = `jobq-watchdog`;
  await using watchdog = await startWatchdog(dir.path);
  watchdog.add(group.pid);
  const find = async () => {
    const { stdout } = await new Deno.Command("pgrep", { args: ["-f", `${marker} .* ${dir.path}$`] })
      .output();
    return new TextDecoder().decode(stdout).trim();
  };
  await waitUntil(async () => await find() !== "");
  const first = await find();
  // Stopped, it cannot answer; killed, it never will.
  Deno.kill(Number(first), "SIGSTOP");
  const killed = watchdog.signal(group.pid, "KILL");
  Deno.kill(Number(first), "SIGKILL");
  assertEquals(await killed, true);
  await waitUntil(async () => !["", first].includes(await find()));
  await group.status;
});
