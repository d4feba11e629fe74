import { assertEquals, assertMatch } from "../support/assert.ts";
import { CACHE, runExecutable, TOOLS } from "../support/executable.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";

/** Runs one command as a job; answers what it printed. */
async function runJob(
  dir: TempDir,
  command: string,
  { words = [], env = {} }: { words?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const all = { JOBQ_CACHE_DIR: CACHE, TMPDIR: dir.path, ...env };
  const queue = ["-q", dir.join("jobs.db")];
  const pushed = await runExecutable(["push", ...queue, ...words, "-c", command], { env: all });
  assertEquals([pushed.code, pushed.stderr], [0, ""]);
  const { code, stdout, stderr } = await runExecutable(["worker", "--quiet", ...queue], { env: all });
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

async function script(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

test("linker variables of the worker reach its jobs", async () => {
  await using dir = await TempDir.make();
  const env = { LD_LIBRARY_PATH: "/opt/cuda/lib64:/a b", LD_PRELOAD: "" };
  const printed = await runJob(dir, 'echo "$LD_LIBRARY_PATH|${LD_PRELOAD-unset}"', { env });
  assertEquals(printed, "/opt/cuda/lib64:/a b|\n");
});

test("linker variables of a job reach it, and win over the worker's", async () => {
  await using dir = await TempDir.make();
  const words = ["-e", "LD_LIBRARY_PATH=/job", "-e", "LD_PRELOAD="];
  const env = { LD_LIBRARY_PATH: "/worker" };
  assertEquals(await runJob(dir, 'echo "$LD_LIBRARY_PATH"', { words, env }), "/job\n");
});

test("a changed PATH of the worker or of a job changes what is found, and not what runs the job", async () => {
  await using dir = await TempDir.make();
  await Deno.mkdir(dir.join("bin"));
  await script(dir.join("bin/tool"), "echo right one");
  const PATH = `${dir.join("bin")}:${TOOLS}`;
  assertEquals(await runJob(dir, "tool", { env: { PATH } }), "right one\n");
  for (const name of ["bash", "sh", "env", "setsid"]) await script(dir.join(`bin/${name}`), "echo false one");
  assertEquals(await runJob(dir, "tool", { words: ["-e", `PATH=${PATH}`] }), "right one\n");
});

test("a bash elsewhere on the PATH runs the jobs", async () => {
  await using dir = await TempDir.make();
  await Deno.mkdir(dir.join("bin"));
  const bash = dir.join("bin/bash");
  await Deno.copyFile("/bin/bash", bash);
  assertEquals(
    await runJob(dir, 'echo "$BASH"', { env: { PATH: `${dir.join("bin")}:${TOOLS}` } }),
    `${bash}\n`,
  );
});

test("a job whose gate refuses it goes round, and leaves its directory's files where its gate passes", async () => {
  await using dir = await TempDir.make();
  const queue = ["-q", dir.join("jobs.db")];
  const env = {
    JOBQ_CACHE_DIR: CACHE,
    TMPDIR: dir.path,
    JOBQ_GATE_MAX_NOT_QUALIFIED: "1",
    JOBQ_GATE_REQUEUE_DELAY_S: "0.2",
  };
  const out = dir.join("out");
  const words = ["--gate-cmd", 'test "$NODE" = b', "--bg-dirsync-to", out, "--bg-dirsync-create"];
  const command = 'echo "$NODE $JOBQ_ATTEMPT" > "$AMLT_DIRSYNC_DIR/result"';
  assertEquals((await runExecutable(["push", ...queue, ...words, "-c", command], { env })).code, 0);
  const refused = await runExecutable(["worker", ...queue, "-n", "4"], { env: { ...env, NODE: "a" } });
  assertEquals(refused.code, 0);
  assertMatch(refused.stderr, /leaving: the gates of the jobs do not let this worker run them/);
  const waiting = ["worker", ...queue, "-n", "4", "--idle-timeout", "2s", "--quiet"];
  assertEquals((await runExecutable(waiting, { env: { ...env, NODE: "b" } })).code, 0);
  assertEquals(await Deno.readTextFile(`${out}/result`), "b 1\n");
});
