import { assertEquals, assertExists, assertMatch } from "../support/assert.ts";
import { EXECUTABLE, runExecutable, TOOLS } from "../support/executable.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test, testWhere } from "../support/testing.ts";
import { UNPRIVILEGED } from "../support/unprivileged.ts";
import { findUnshare } from "../support/unshare.ts";

const VERSION = ["--version"];
const WORKS = { code: 0, stdout: "jobq 0.1.0\n", stderr: "" };

const names = (directory: string) => [...Deno.readDirSync(directory)].map(({ name }) => name).sort();

/** A copy of the executable in which one byte is another. */
async function damaged(dir: TempDir, place: number): Promise<string> {
  const bytes = await Deno.readFile(EXECUTABLE);
  const index = Math.floor(bytes.length * place);
  bytes[index] = ~(bytes[index] ?? 0);
  await Deno.writeFile(dir.join("damaged"), bytes, { mode: 0o755 });
  return dir.join("damaged");
}

test("a damaged file says so, exits with 5, and leaves nothing behind", async () => {
  await using dir = await TempDir.make();
  const env = { JOBQ_CACHE_DIR: dir.join("cache"), TMPDIR: dir.path };
  const { code, stdout, stderr } = await runExecutable(VERSION, { env, file: await damaged(dir, 0.5) });
  assertEquals([code, stdout], [5, ""]);
  assertMatch(stderr, /^error: Cannot unpack jobq: the file ".*damaged" is damaged, .*\nhint: copy it .*\n$/);
  assertEquals(names(dir.join("cache")), []);
});

test("a file that was not copied to its end says so, exits with 5, and leaves nothing behind", async () => {
  await using dir = await TempDir.make();
  const file = dir.join("short");
  await Deno.copyFile(EXECUTABLE, file);
  await Deno.truncate(file, 30_000_000);
  const env = { JOBQ_CACHE_DIR: dir.join("cache"), TMPDIR: dir.path };
  const { code, stderr } = await runExecutable(VERSION, { env, file });
  assertEquals(code, 5);
  assertMatch(stderr, /^error: Cannot unpack jobq: the file ".*short" is damaged, .*\nhint: copy it .*\n$/);
  assertEquals(names(dir.join("cache")), []);
});

test("what has another hash than it should is not run", async () => {
  await using dir = await TempDir.make();
  const bytes = await Deno.readFile(EXECUTABLE);
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 9_000));
  const hash = assertExists(/jobq_extract \d+ \d+ ([0-9a-f]{64}) "\$1\/jobq"/.exec(head));
  const place = head.indexOf(hash[1] ?? "", hash.index);
  bytes[place] = head[place] === "0" ? 0x31 : 0x30;
  await Deno.writeFile(dir.join("other"), bytes, { mode: 0o755 });
  const env = { JOBQ_CACHE_DIR: dir.join("cache"), TMPDIR: dir.path };
  const { code, stderr } = await runExecutable(VERSION, { env, file: dir.join("other") });
  assertEquals(code, 5);
  assertMatch(stderr, /is damaged/);
  assertEquals(names(dir.join("cache")), []);
});

test("a JOBQ_CACHE_DIR in which nothing can be made is told, and the exit code is 5", async () => {
  await using dir = await TempDir.make();
  await Deno.mkdir(dir.join("closed"), { mode: 0o500 });
  const env = { JOBQ_CACHE_DIR: dir.join("closed/cache"), TMPDIR: dir.path };
  const { code, stdout, stderr } = await runExecutable(VERSION, { env, through: UNPRIVILEGED });
  assertEquals([code, stdout], [5, ""]);
  assertMatch(
    stderr,
    /^error: Cannot unpack jobq into ".*closed\/cache": Permission denied\nhint: set JOBQ_CACHE_DIR to .*\n$/,
  );
});

test("a home in which nothing can be made is passed over for a directory in $TMPDIR", async () => {
  await using dir = await TempDir.make();
  await Deno.mkdir(dir.join("home"), { mode: 0o500 });
  const env = { HOME: dir.join("home"), TMPDIR: dir.path };
  assertEquals(await runExecutable(VERSION, { env, through: UNPRIVILEGED }), WORKS);
  assertEquals(names(dir.path), ["home", `jobq-${Deno.uid()}`]);
});

test("where neither the home nor $TMPDIR can be used, both reasons are told", async () => {
  await using dir = await TempDir.make();
  await Deno.mkdir(dir.join("home"), { mode: 0o500 });
  const env = { HOME: dir.join("home"), TMPDIR: dir.join("none") };
  const { code, stderr } = await runExecutable(VERSION, { env, through: UNPRIVILEGED });
  assertEquals(code, 5);
  assertMatch(
    stderr,
    /^error: Cannot unpack jobq into ".*home\/\.cache\/jobq": Permission denied; into ".*none\/jobq-\d+": .*\nhint: /,
  );
});

test("what was unpacked before works where nothing can be written any more", async () => {
  await using dir = await TempDir.make();
  const env = { JOBQ_CACHE_DIR: dir.join("cache"), TMPDIR: dir.join("none") };
  assertEquals(await runExecutable(VERSION, { env }), WORKS);
  await new Deno.Command("chmod", { args: ["-R", "a-w", dir.join("cache")] }).output();
  try {
    assertEquals(await runExecutable(VERSION, { env, through: UNPRIVILEGED }), WORKS);
  } finally {
    await new Deno.Command("chmod", { args: ["-R", "u+w", dir.join("cache")] }).output();
  }
});

for (
  const [what, prepare] of Object.entries({
    "into which others may write": async (own: string) => {
      await Deno.mkdir(own);
      await Deno.chmod(own, 0o777);
    },
    "that is a link": async (own: string) => {
      await Deno.mkdir(`${own}.real`, { mode: 0o700 });
      await Deno.symlink(`${own}.real`, own);
    },
  })
) {
  test(`a directory in $TMPDIR ${what} is not used`, async () => {
    await using dir = await TempDir.make();
    await prepare(dir.join(`jobq-${Deno.uid()}`));
    const { code, stderr } = await runExecutable(VERSION, { env: { TMPDIR: dir.path } });
    assertEquals(code, 5);
    assertMatch(stderr, /^error: Cannot unpack jobq into ".*\/jobq-\d+": others may write there.*\nhint: /);
    assertEquals(names(dir.join(`jobq-${Deno.uid()}`)), []);
  });
}

testWhere(Deno.uid() === 0, "root", "what another user unpacked is not run", async () => {
  await using dir = await TempDir.make();
  const cache = dir.join("cache");
  const env = { JOBQ_CACHE_DIR: cache, TMPDIR: dir.path };
  assertEquals(await runExecutable(VERSION, { env }), WORKS);
  const own = `${cache}/${names(cache)[0]}`;
  await Deno.chown(`${own}/jobq`, 12_345, 12_345);
  const { ino } = await Deno.stat(`${own}/jobq`);
  assertEquals(await runExecutable(VERSION, { env }), WORKS);
  const replaced = await Deno.stat(`${own}/jobq`);
  assertEquals([replaced.uid, replaced.ino === ino], [0, false]);
});

test("gzip is found in /usr/bin or /bin where the PATH has none", async () => {
  await using dir = await TempDir.make();
  await Deno.mkdir(dir.join("tools"));
  for (const name of names(TOOLS).filter((name) => name !== "gzip")) {
    await Deno.symlink(await Deno.readLink(`${TOOLS}/${name}`), dir.join(`tools/${name}`));
  }
  const env = { PATH: dir.join("tools"), JOBQ_CACHE_DIR: dir.join("cache"), TMPDIR: dir.path };
  assertEquals(await runExecutable(VERSION, { env }), WORKS);
});

const unshare = await findUnshare();

/** Runs it with a cache on a filesystem of its own, and prints what is left there. */
async function onMount(dir: TempDir, options: string) {
  await Deno.mkdir(dir.join("disk"));
  const script = `mount -t tmpfs -o ${options} tmpfs "$JOBQ_CACHE_DIR" || exit 9
    "$0" "$@"; code=$?; ls -A "$JOBQ_CACHE_DIR"; exit "$code"`;
  return await runExecutable(VERSION, {
    env: { JOBQ_CACHE_DIR: dir.join("disk"), TMPDIR: dir.path },
    through: [...unshare, "bash", "-c", script],
  });
}

testWhere(
  unshare.length > 0,
  "the right to mount a tmpfs",
  "a full disk is told, and left as it was",
  async () => {
    await using dir = await TempDir.make();
    const { code, stdout, stderr } = await onMount(dir, "size=50m");
    assertEquals([code, stdout], [5, ""]);
    assertMatch(
      stderr,
      /^error: Cannot unpack jobq into ".*disk": No space left on device\nhint: .* 200 MB free/,
    );
  },
);

testWhere(
  unshare.length > 0,
  "the right to mount a tmpfs",
  "a disk from which no programs may be run is told, and left as it was",
  async () => {
    await using dir = await TempDir.make();
    const { code, stdout, stderr } = await onMount(dir, "noexec");
    assertEquals([code, stdout], [5, ""]);
    assertMatch(
      stderr,
      /^error: Cannot unpack jobq into ".*disk": programs cannot be run there \(Permission denied\)\n/,
    );
  },
);
