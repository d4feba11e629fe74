/** Real command lines with the rights that jobq is built with, and with what makes Deno refuse to start programs. */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { ended, limitedJobq, spawnLimitedJobq } from "../support/rights.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

/** A node's, and harmless: what is not there is not loaded. */
const LINKER = { LD_LIBRARY_PATH: "/opt/cuda/lib64:/a b", LD_PRELOAD: "" };
const QUEUES = { "a file": "jobs.db", "a directory": "file:queue" };

const addressIn = (dir: TempDir, name: string) =>
  name.startsWith("file:") ? `file:${dir.join(name.slice("file:".length))}` : dir.join(name);

for (const [name, place] of Object.entries(QUEUES)) {
  test(`on ${name}, all commands work where linker variables are set, and jobs get them`, async () => {
    await using dir = await TempDir.make();
    const queue = addressIn(dir, place);
    const run = (...words: string[]) => limitedJobq([queue, ...words], { env: LINKER });
    const pushed = await run("push", "-c", 'echo "$LD_LIBRARY_PATH"', "-c", "exit 3", "-c", "true");
    assertEquals([pushed.code, pushed.stderr], [0, ""]);
    const ids = pushed.stdout.trim().split("\n");
    assertEquals((await run("size")).stdout, "3\n");
    assertEquals((await run("cancel", ids[2] ?? "")).code, 0);
    const worked = await run("worker", "--quiet");
    assertEquals([worked.code, worked.stdout], [0, "/opt/cuda/lib64:/a b\n"]);
    for (const words of [["list"], ["stats"], ["peek"], ["workers"], ["dead", "list"]]) {
      assertEquals([words, (await run(...words)).code], [words, 0]);
    }
    for (const words of [["status"], ["why"], ["wait"]]) {
      assertEquals((await run(...words, ids[0] ?? "")).code, 0);
    }
    assertEquals((await run("logs", ids[0] ?? "")).stdout, "/opt/cuda/lib64:/a b\n");
    assertEquals((await run("requeue", ids[1] ?? "")).code, 0);
    assertEquals((await run("pull", "--quiet")).code, 1);
    assertEquals((await run("prune", "--yes")).code, 0);
    assertEquals((await run("clear", "--yes")).code, 0);
  });

  test(`on ${name}, a worker that is told to stop stops its job's processes and gives it back`, async () => {
    await using dir = await TempDir.make();
    const queue = addressIn(dir, place);
    await limitedJobq([queue, "push", "-c", `sleep 100 & echo $! > '${dir.join("pid")}'; wait`]);
    const worker = spawnLimitedJobq([queue, "worker", "--kill-timeout", "1s"], { env: LINKER });
    const pid = await waitUntil(() => readPid(dir.join("pid")), { what: "the job's start" });
    worker.kill("SIGTERM");
    assertEquals((await ended(worker)).code, 143);
    await waitUntil(() => isGone(pid), { what: "the end of the job's processes" });
    assertEquals((await limitedJobq([queue, "size"])).stdout, "1\n");
  });

  test(`on ${name}, nothing of a worker that is killed survives`, async () => {
    await using dir = await TempDir.make();
    const queue = addressIn(dir, place);
    await limitedJobq([queue, "push", "-c", `sleep 100 & echo $! > '${dir.join("pid")}'; wait`]);
    const worker = spawnLimitedJobq([queue, "worker"], { env: LINKER });
    const pid = await waitUntil(() => readPid(dir.join("pid")), { what: "the job's start" });
    worker.kill("SIGKILL");
    await ended(worker);
    await waitUntil(() => isGone(pid), { what: "the end of the job's processes" });
  });
}

test("a changed PATH of a job changes what it finds, and not what runs it", async () => {
  await using dir = await TempDir.make();
  for (const name of ["bash", "sh", "env", "setsid"]) await script(dir.join(name), "echo false one");
  await script(dir.join("tool"), "echo right one");
  const queue = dir.join("jobs.db");
  await limitedJobq([queue, "push", "-c", "tool", "-e", `PATH=${dir.path}:/usr/bin:/bin`]);
  assertEquals((await limitedJobq(["--quiet", queue, "worker"])).stdout, "right one\n");
});

test("a bash elsewhere on the worker's PATH runs its jobs", async () => {
  await using dir = await TempDir.make();
  const tools = dir.join("tools");
  await Deno.mkdir(tools);
  await Deno.symlink("/bin/bash", `${tools}/bash`);
  const queue = dir.join("jobs.db");
  const env = { PATH: tools, HOME: dir.path };
  await limitedJobq([queue, "push", "-c", "echo $BASH"], { env, clearEnv: true });
  const { code, stdout } = await limitedJobq(["--quiet", queue, "worker"], { env, clearEnv: true });
  assertEquals([code, stdout], [0, `${tools}/bash\n`]);
});

test("where Deno and jobq find another bash, one that may be run is taken", async () => {
  await using dir = await TempDir.make();
  for (const place of ["here", "there"]) {
    await Deno.mkdir(dir.join(place));
    await Deno.symlink("/bin/bash", dir.join(`${place}/bash`));
  }
  const queue = dir.join("jobs.db");
  // Of a relative place, jobq knows nothing.
  const env = { PATH: `here:${dir.join("there")}`, HOME: dir.path };
  const options = { env, clearEnv: true, cwd: dir.path };
  await limitedJobq([queue, "push", "-c", "echo $BASH"], options);
  const { code, stdout } = await limitedJobq(["--quiet", queue, "worker"], options);
  assertEquals([code, stdout], [0, "/usr/bin/bash\n"]);
});

test("without a PATH, the usual places are looked at", async () => {
  await using dir = await TempDir.make();
  const queue = dir.join("jobs.db");
  const env = { PATH: "/nonexistent", HOME: dir.path };
  await limitedJobq([queue, "push", "-c", "echo $0"], { env, clearEnv: true });
  const { code, stdout, stderr } = await limitedJobq(["--quiet", queue, "worker"], { env, clearEnv: true });
  assertEquals([code, stdout, stderr], [0, "/usr/bin/bash\n", ""]);
});

test("a program without a shell runs, whatever its name", async () => {
  await using dir = await TempDir.make();
  await script(dir.join("a=b"), 'echo "$# $1"');
  const queue = dir.join("jobs.db");
  await limitedJobq([queue, "push", "--", dir.join("a=b"), "c d", "e"]);
  assertEquals((await limitedJobq(["--quiet", queue, "worker"], { env: LINKER })).stdout, "2 c d\n");
});

test("jobs get terminals", async () => {
  await using dir = await TempDir.make();
  const queue = dir.join("jobs.db");
  await limitedJobq([queue, "push", "-c", 'test -t 1 && echo "terminal, $LD_LIBRARY_PATH"']);
  const { stdout } = await limitedJobq(["--quiet", queue, "worker", "--emulate-tty"], { env: LINKER });
  assertEquals(stdout, "terminal, /opt/cuda/lib64:/a b\n");
});

test("run runs its job in this process", async () => {
  await using dir = await TempDir.make();
  const { code, stdout } = await limitedJobq([
    dir.join("jobs.db"),
    "run",
    "--quiet",
    "-c",
    "echo done; exit 7",
  ], {
    env: LINKER,
  });
  assertEquals([code, stdout], [7, "done\n"]);
});

test("doctor probes a directory with a second process and knows its filesystem", async () => {
  await using dir = await TempDir.make();
  const { code, stdout, stderr } = await limitedJobq(["doctor", dir.path, "--json"], { env: LINKER });
  assertEquals([code, stderr], [0, ""]);
  const { guarantee, checks } = JSON.parse(stdout) as {
    guarantee: string;
    checks: { name: string; values: Record<string, unknown> }[];
  };
  assert(guarantee === "exactly-one-at-a-time" || guarantee === "at-least-once", guarantee);
  const { type, free_bytes } = checks.find(({ name }) => name === "filesystem")?.values ?? {};
  assertEquals([typeof type, typeof free_bytes], ["string", "number"]);
});

test("help, the version and completions are printed", async () => {
  for (const words of [["--help"], ["push", "--help"], ["--version"], ["completions", "bash"]]) {
    const { code, stderr } = await limitedJobq(words, { env: LINKER });
    assertEquals([words, code, stderr], [words, 0, ""]);
  }
});

test("a host that jobq has no right to is told, with what to do", async () => {
  const words = [
    "account/queue",
    "size",
    "--endpoint",
    "https://queue.example.com",
    "--sas",
    "sv=2020&sig=x",
  ];
  const { code, stderr } = await limitedJobq(words);
  assertEquals(code, 4);
  assertMatch(stderr, /Cannot read "account\/queue": jobq has no right to connect to "queue\.example\.com"/);
  assertMatch(stderr, /JOBQ_BUILD_ALLOW_NET=queue\.example\.com/);
});

test("a queue under /dev is refused with the reason", async () => {
  const { code, stderr } = await limitedJobq(["/dev/shm/jobq/jobs.db", "size"]);
  assertEquals(code, 4);
  assertMatch(stderr, /^error: Cannot go on: jobq has no right to "\/dev\/shm[^"]*"/);
});

async function script(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

/** What a job wrote there; empty until it did. */
async function readPid(path: string): Promise<string> {
  return (await Deno.readTextFile(path).catch(() => "")).trim();
}

/** A zombie is gone, too. */
function isGone(pid: string): boolean {
  try {
    return / Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return true;
  }
}
