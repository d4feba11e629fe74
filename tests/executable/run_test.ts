import config from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { CACHE, EXECUTABLE, runExecutable, startExecutable, TOOLS } from "../support/executable.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

const VERSION = `jobq ${config.version}\n`;

/** A directory with nothing in it but the executable. */
async function copied(): Promise<TempDir> {
  const dir = await TempDir.make();
  await Deno.copyFile(EXECUTABLE, dir.join("jobq"));
  return dir;
}

test("copied into an empty directory, with an empty environment, it pushes jobs and runs them in four slots", async () => {
  await using dir = await copied();
  const options = { file: "./jobq", cwd: dir.path, env: { PATH: "/usr/bin:/bin", TMPDIR: dir.path } };
  const lines = Array.from({ length: 8 }, (_, index) => `echo ${index} >> ran; sleep 0.2\n`).join("");
  const push = await runExecutable(["push", "-q", "jobs.db"], { ...options, stdin: lines });
  assertEquals([push.code, push.stdout.trim().split("\n").length, push.stderr], [0, 8, ""]);
  const worker = await runExecutable(["worker", "-q", "jobs.db", "-n", "4"], options);
  assertEquals(worker.code, 0, worker.stderr);
  assertMatch(worker.stderr, /completed=8 failed=0/);
  assertMatch(worker.stderr, /slot=3/);
  assertEquals((await Deno.readTextFile(dir.join("ran"))).trim().split("\n").sort().join(""), "01234567");
});

test("a queue in a directory works", async () => {
  await using dir = await TempDir.make();
  const queue = `file://${dir.join("queue")}`;
  assertEquals((await runExecutable(["push", "-q", queue, "-c", "true", "-c", "exit 3"])).code, 0);
  assertEquals((await runExecutable(["size", "-q", queue])).stdout, "2\n");
  const worker = await runExecutable(["worker", "-q", queue]);
  assertMatch(worker.stderr, /completed=1 failed=1/);
});

test("--version --json tells what it is and of what it was made", async () => {
  const { code, stdout } = await runExecutable(["--version", "--json"]);
  assertEquals(code, 0);
  const { commit, ...others } = JSON.parse(stdout);
  assertMatch(commit, /^([0-9a-f]{40}|unknown)$/);
  assertEquals(others, {
    version: config.version,
    kind: "self-contained",
    target: Deno.build.target,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
  });
});

test("words reach it byte for byte", async () => {
  await using dir = await TempDir.make();
  const words = ["", " a  b ", "*", "$HOME `id`", "'\"\\", "line\nline", "--flag=ü", "-", "%20", "🦕"];
  const queue = dir.join("jobs.db");
  const push = await runExecutable(["push", "-q", queue, "--", "printf", "%s|", ...words], { cwd: dir.path });
  assertEquals(push.code, 0, push.stderr);
  const { stdout } = await runExecutable(["worker", "-q", queue]);
  assert(stdout.includes(words.map((word) => `${word}|`).join("")), stdout);
});

test("exit codes are its own", async () => {
  await using dir = await TempDir.make();
  assertEquals((await runExecutable(["size", "--nonsense"])).code, 2);
  assertEquals((await runExecutable(["size", "-q", dir.join("none.db")])).code, 3);
  assertEquals((await runExecutable(["run", "-q", dir.join("q.db"), "-c", "exit 7"])).code, 7);
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`${signal} reaches a worker, which gives its job back and exits with ${code}`, async () => {
    await using dir = await TempDir.make();
    const queue = dir.join("jobs.db");
    await runExecutable(["push", "-q", queue, "-c", `touch ${dir.join("started")}; sleep 60`]);
    const worker = startExecutable(["worker", "-q", queue]);
    const output = worker.output();
    await waitUntil(async () => await exists(dir.join("started")), { what: "the job's start" });
    worker.kill(signal);
    const ended = await output;
    assertEquals(ended.code, code, new TextDecoder().decode(ended.stderr));
    assertMatch((await runExecutable(["size", "-q", queue, "--states"])).stdout, /ready +1/);
  });
}

test("it is found by a link on the PATH, by a relative path, and by a shell that is told to run it", async () => {
  await using dir = await TempDir.make();
  await Deno.mkdir(dir.join("my bin"));
  await Deno.copyFile(EXECUTABLE, dir.join("my bin/the jobq"));
  await Deno.symlink("my bin/the jobq", dir.join("link"));
  const env = { PATH: `${dir.path}:/usr/bin:/bin`, TMPDIR: dir.path };
  const lines = [
    "link --version",
    "./link --version",
    "cd 'my bin' && './the jobq' --version",
    "cd 'my bin' && sh 'the jobq' --version",
    "sh link --version",
  ];
  for (const [index, line] of lines.entries()) {
    // Each of them unpacks.
    const own = { ...env, JOBQ_CACHE_DIR: dir.join(`cache-${index}`) };
    const { stdout, stderr } = await runExecutable(["-c", line], {
      file: "/bin/sh",
      env: own,
      cwd: dir.path,
    });
    assertEquals([line, stdout, stderr], [line, VERSION, ""]);
  }
});

test("a worker goes on after its file was replaced, with the program that it was", async () => {
  await using dir = await copied();
  const queue = dir.join("jobs.db");
  const file = dir.join("jobq");
  await runExecutable(["push", "-q", queue, "-c", `until [ -e ${dir.join("go")} ]; do sleep 0.05; done`]);
  const output = startExecutable(["worker", "-q", queue], { file }).output();
  await waitUntil(async () =>
    (await runExecutable(["size", "-q", queue, "--states"])).stdout.includes("running")
  );
  await Deno.writeTextFile(file, "#!/bin/sh\nexit 1\n");
  await Deno.writeTextFile(dir.join("go"), "");
  const { code, stderr } = await output;
  assertEquals(code, 0);
  assertMatch(new TextDecoder().decode(stderr), /completed=1/);
});

test("what the user set for Deno changes nothing, and reaches the jobs", async () => {
  await using dir = await TempDir.make();
  const own = {
    DENO_DIR: dir.join("deno"),
    DENO_V8_FLAGS: "--nonsense",
    DENO_COMPAT: "1",
    DENO_NO_PACKAGE_JSON: 'it\'s "1"\n$x',
    HOME: dir.path,
    TMPDIR: dir.path,
    JOBQ_CACHE_DIR: CACHE,
  };
  const queue = dir.join("jobs.db");
  const push = await runExecutable(["push", "-q", queue, "--", "env", "-0"], { env: own });
  assertEquals([push.code, push.stderr], [0, ""]);
  const { stdout, stderr } = await runExecutable(["worker", "-q", queue], { env: own });
  assertMatch(stderr, /completed=1/);
  const seen = new Map(stdout.split("\0").map((line) => [line.replace(/=.*/s, ""), line]));
  for (const [name, value] of Object.entries(own)) assertEquals(seen.get(name), `${name}=${value}`);
  assertEquals(
    [...seen.keys()].filter((name) => /DENO|KEPT|^jobq_/.test(name)).sort(),
    Object.keys(own).slice(0, 4).sort(),
  );
  assert(![...Deno.readDirSync(dir.path)].some(({ name }) => name === "deno" || name === ".cache"));
});

test("where there is no Node, jobs do not find Deno in its place", async () => {
  await using dir = await TempDir.make();
  const queue = dir.join("jobs.db");
  const env = { HOME: dir.path, TMPDIR: dir.path, JOBQ_CACHE_DIR: CACHE };
  await runExecutable(["push", "-q", queue, "-c", 'echo "$PATH"; command -v node || echo none'], { env });
  assertEquals((await runExecutable(["worker", "-q", queue], { env })).stdout, `${TOOLS}\nnone\n`);
});

test("jobs see neither how it was started, nor miss functions that bash exports", async () => {
  await using dir = await TempDir.make();
  const queue = dir.join("jobs.db");
  const env = {
    "BASH_FUNC_module%%": "() {  echo loaded $1\n}",
    BASH_ENV: dir.join("profile"),
    dir: "mine",
    PATH: TOOLS,
    TMPDIR: dir.path,
    JOBQ_CACHE_DIR: CACHE,
  };
  await Deno.writeTextFile(dir.join("profile"), `echo read >> ${dir.join("profiles")}\n`);
  await runExecutable(["push", "-q", queue, "-c", 'module cuda; echo "$dir, ${DENO_DIR-none}"'], { env });
  assert(!await exists(dir.join("profiles")));
  const { stdout } = await runExecutable(["worker", "-q", queue], { env });
  assertEquals(stdout, "loaded cuda\nmine, none\n");
});

test("files around it that are for Deno or Node change nothing", async () => {
  await using dir = await TempDir.make();
  await Deno.writeTextFile(
    dir.join("package.json"),
    '{ "type": "commonjs", "dependencies": { "none": "9" } }',
  );
  await Deno.writeTextFile(dir.join("deno.json"), "not JSON");
  await Deno.writeTextFile(dir.join(".npmrc"), "= [ not = an npmrc\n");
  const env = { HOME: dir.path, TMPDIR: dir.path };
  const { code, stderr } = await runExecutable(["push", "-q", "jobs.db", "-c", "true"], {
    env,
    cwd: dir.path,
  });
  assertEquals([code, stderr], [0, ""]);
});

test("doctor starts its second process", async () => {
  await using dir = await TempDir.make();
  const { stdout, stderr } = await runExecutable(["doctor", dir.path]);
  assertMatch(stdout, /^exactly one at a time: /m);
  assertEquals(stderr, "");
});

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
