import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { EXECUTABLE, runExecutable, startExecutable } from "../support/executable.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

const VERSION = ["--version"];
const WORKS = { code: 0, stdout: "jobq 0.1.0\n", stderr: "" };

const names = (directory: string) => [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
const modeOf = (path: string) => ((Deno.lstatSync(path).mode ?? 0) & 0o777).toString(8);
const leftovers = (directory: string) => names(directory).filter((name) => name.startsWith("."));

/** The one directory that was unpacked into a cache. */
function unpacked(cache: string): string {
  const [name = "", ...others] = names(cache);
  assertEquals(others, []);
  assertMatch(name, /^[0-9a-f]{64}$/);
  return `${cache}/${name}`;
}

test("the first start unpacks into $XDG_CACHE_HOME/jobq, for this user alone", async () => {
  await using dir = await TempDir.make();
  const env = { HOME: dir.join("home"), XDG_CACHE_HOME: dir.join("caches"), TMPDIR: dir.path };
  assertEquals(await runExecutable(VERSION, { env }), WORKS);
  const cache = dir.join("caches/jobq");
  assertEquals([modeOf(cache), modeOf(unpacked(cache)), modeOf(`${unpacked(cache)}/jobq`)], [
    "700",
    "700",
    "700",
  ]);
  assertEquals(names(unpacked(cache)), ["app", "complete", "jobq"]);
  assert(!names(dir.path).includes("home"));
});

test("without $XDG_CACHE_HOME it is $HOME/.cache/jobq", async () => {
  await using dir = await TempDir.make();
  assertEquals(await runExecutable(VERSION, { env: { HOME: dir.path, TMPDIR: dir.path } }), WORKS);
  unpacked(dir.join(".cache/jobq"));
});

test("without a home it is a directory in $TMPDIR, for this user alone", async () => {
  await using dir = await TempDir.make();
  assertEquals(await runExecutable(VERSION, { env: { TMPDIR: dir.path } }), WORKS);
  const own = dir.join(`jobq-${Deno.uid()}`);
  assertEquals(modeOf(own), "700");
  assertEquals(names(own).map((name) => name.replace(/[0-9a-f]{64}/, "HASH")).sort(), [
    "HASH",
    "compiled-HASH",
  ]);
});

test("JOBQ_CACHE_DIR is where it unpacks, before all others, and may be relative", async () => {
  await using dir = await TempDir.make();
  const env = { JOBQ_CACHE_DIR: "my cache", HOME: dir.join("home"), TMPDIR: dir.path };
  assertEquals(await runExecutable(VERSION, { env, cwd: dir.path }), WORKS);
  unpacked(dir.join("my cache"));
  assert(!names(dir.path).includes("home"));
});

test("the second start takes what the first unpacked", async () => {
  await using dir = await TempDir.make();
  const env = { JOBQ_CACHE_DIR: dir.join("cache"), TMPDIR: dir.path };
  await runExecutable(VERSION, { env });
  const { ino, mtime } = await Deno.stat(`${unpacked(dir.join("cache"))}/jobq`);
  assertEquals(await runExecutable(VERSION, { env }), WORKS);
  const after = await Deno.stat(`${unpacked(dir.join("cache"))}/jobq`);
  assertEquals([after.ino, after.mtime], [ino, mtime]);
});

test("of thirty processes that start at once all work, and leave one directory", async () => {
  await using dir = await TempDir.make();
  const env = { JOBQ_CACHE_DIR: dir.join("cache"), TMPDIR: dir.path };
  const results = await Promise.all(Array.from({ length: 30 }, () => runExecutable(VERSION, { env })));
  assertEquals(results, Array.from({ length: 30 }, () => WORKS));
  unpacked(dir.join("cache"));
});

test("a process waits for one that unpacks already, but not for one that gets no further", async () => {
  await using dir = await TempDir.make();
  const cache = dir.join("cache");
  // It comes first, and nobody is at work on it.
  await Deno.mkdir(`${cache}/.jobq-unpack.0`, { recursive: true });
  const begun = performance.now();
  assertEquals(await runExecutable(VERSION, { env: { JOBQ_CACHE_DIR: cache, TMPDIR: dir.path } }), WORKS);
  const seconds = (performance.now() - begun) / 1_000;
  assert(seconds > 5 && seconds < 50, `${seconds} s`);
});

for (
  const [what, damage] of Object.entries({
    "a truncated Deno": (own: string) => Deno.truncate(`${own}/jobq`, 50_000_000),
    "a Deno that is gone": (own: string) => Deno.remove(`${own}/jobq`),
    "a part of the program that is gone": (own: string) =>
      Deno.remove(`${own}/app/${names(`${own}/app`).find((name) => name.startsWith("help-"))}`),
    "a mark that is gone": (own: string) => Deno.remove(`${own}/complete`),
  })
) {
  test(`${what} is noticed at the next start, and unpacked again`, async () => {
    await using dir = await TempDir.make();
    const env = { JOBQ_CACHE_DIR: dir.join("cache"), TMPDIR: dir.path };
    await runExecutable(VERSION, { env });
    await damage(unpacked(dir.join("cache")));
    const { code, stdout } = await runExecutable(["--help"], { env });
    assertEquals(code, 0);
    assertMatch(stdout, /^Usage: jobq/m);
    assertEquals(leftovers(dir.join("cache")), []);
    const { ino } = await Deno.stat(`${unpacked(dir.join("cache"))}/jobq`);
    await runExecutable(VERSION, { env });
    assertEquals((await Deno.stat(`${unpacked(dir.join("cache"))}/jobq`)).ino, ino);
  });
}

test("a process that is killed while it unpacks leaves no trap to the next one", async () => {
  await using dir = await TempDir.make();
  const env = { JOBQ_CACHE_DIR: dir.join("cache"), TMPDIR: dir.path };
  const child = startExecutable(VERSION, { env });
  await waitUntil(() => begun(dir.join("cache")), { what: "an unpacking" });
  child.kill("SIGKILL");
  await child.output();
  const [left = ""] = leftovers(dir.join("cache"));
  assertMatch(left, /^\.jobq-unpack\./);
  assertEquals(await runExecutable(VERSION, { env }), WORKS);
});

test("SIGTERM while it unpacks ends it with 143, and what it unpacked is gone", async () => {
  await using dir = await TempDir.make();
  const env = { JOBQ_CACHE_DIR: dir.join("cache"), TMPDIR: dir.path };
  const child = startExecutable(VERSION, { env });
  await waitUntil(() => begun(dir.join("cache")), { what: "an unpacking" });
  child.kill("SIGTERM");
  const { code } = await child.output();
  assertEquals(code, 143);
  assertEquals(names(dir.join("cache")), []);
});

test("what killed processes left is removed after an hour, not before", async () => {
  await using dir = await TempDir.make();
  const cache = dir.join("cache");
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
  for (const [name, minutes] of [["old", 61], ["young", 59]] as const) {
    await Deno.mkdir(`${cache}/.jobq-unpack.${name}`, { recursive: true });
    await Deno.utime(`${cache}/.jobq-unpack.${name}`, minutesAgo(minutes), minutesAgo(minutes));
  }
  await Deno.mkdir(`${cache}/others`);
  await Deno.utime(`${cache}/others`, minutesAgo(100), minutesAgo(100));
  assertEquals(await runExecutable(VERSION, { env: { JOBQ_CACHE_DIR: cache, TMPDIR: dir.path } }), WORKS);
  assertEquals(names(cache).filter((name) => name.length < 64), [".jobq-unpack.young", "others"]);
});

test("standard input is left to the program by the first start", async () => {
  await using dir = await TempDir.make();
  const env = { JOBQ_CACHE_DIR: dir.join("cache"), TMPDIR: dir.path };
  const words = ["push", "-q", dir.join("jobs.db")];
  const { code, stdout } = await runExecutable(words, { env, stdin: "true\nfalse\n" });
  assertEquals(code, 0);
  assertEquals(stdout.trim().split("\n").length, 2);
});

test("what the user set for Deno does not keep it from being unpacked", async () => {
  await using dir = await TempDir.make();
  const env = { DENO_V8_FLAGS: "--nonsense", DENO_DIR: dir.join("deno"), TMPDIR: dir.path };
  assertEquals(await runExecutable(VERSION, { env }), WORKS);
  assertEquals(names(dir.path), [`jobq-${Deno.uid()}`]);
});

test("what is unpacked is found whatever is in the names of directories", async () => {
  await using dir = await TempDir.make();
  const odd = dir.join("a b%20#?,'\"$HOME*é");
  await Deno.mkdir(odd);
  await Deno.copyFile(EXECUTABLE, `${odd}/jobq`);
  const env = { XDG_CACHE_HOME: `${odd}/caches`, TMPDIR: odd };
  assertEquals(await runExecutable(VERSION, { env, file: `${odd}/jobq` }), WORKS);
  unpacked(`${odd}/caches/jobq`);
  const { code, stdout } = await runExecutable(["--help"], { env, file: `${odd}/jobq` });
  assertEquals(code, 0);
  assertMatch(stdout, /^Usage: jobq/m);
});

/** Whether a Deno is being written into a cache. */
function begun(cache: string): boolean {
  try {
    return leftovers(cache).some((name) => Deno.statSync(`${cache}/${name}/jobq`).size > 0);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
