import { BackendError, UsageError } from "../../../src/core/errors.ts";
import type { SyncFile } from "../../../src/core/sync_destination.ts";
import { tellsLate } from "../../../src/worker/dirsync/filesystem_type.ts";
import {
  localDestination,
  type LocalDestinationOptions,
} from "../../../src/worker/dirsync/local_destination.ts";
import { isBlobUrl } from "../../../src/worker/dirsync/parse_destination.ts";
import {
  assert,
  assertBetween,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "../../support/assert.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test, testWhere } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { treeOf } from "./sync_bench.ts";

const MIB = 1024 * 1024;

/** Two directories side by side. */
async function setUp(): Promise<TempDir> {
  const root = await TempDir.make();
  await Deno.mkdir(root.join("from"));
  await Deno.mkdir(root.join("to"));
  return root;
}

async function fileOf(root: TempDir, name: string): Promise<SyncFile> {
  const path = root.join(`from/${name}`);
  const { size, mtime, mode } = await Deno.stat(path);
  return { path, name, sizeBytes: size, modifiedAt: mtime?.getTime() ?? 0, mode: (mode ?? 0) & 0o7777 };
}

async function write(
  root: TempDir,
  name: string,
  contents: Uint8Array = new Uint8Array(3),
): Promise<SyncFile> {
  const path = root.join(`from/${name}`);
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeFile(path, contents);
  return await fileOf(root, name);
}

const prepare = (path: string, options?: LocalDestinationOptions) =>
  localDestination(path, options).prepare();

/** On the filesystem of the root directory. */
const MISSING = "/jobq-test-no-such-mount";

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

test("an existing directory is a destination, and looking at it leaves nothing there", async () => {
  await using root = await setUp();
  await prepare(root.join("to"));
  await prepare(`file://${root.join("to")}//`);
  assertEquals(treeOf(root.join("to")), []);
});

test("a directory that is missing is an error that asks for the mount, also where it would be below a directory", async () => {
  for (const path of [MISSING, `${MISSING}/results`]) {
    const error = await assertRejects(prepare(path), BackendError);
    assertEquals(error.message, `Cannot sync to "${path}": there is no such directory on this machine`);
    assertMatch(error.hint ?? "", /is the container mounted\?.*--bg-dirsync-create/);
    assertEquals([error.transient, await exists(MISSING)], [false, false]);
  }
});

const otherFilesystem = await exists("/dev/shm") &&
  (await Deno.stat("/dev/shm")).dev !== (await Deno.stat("/")).dev;
testWhere(
  otherFilesystem,
  "a filesystem of its own at /dev/shm",
  "a directory that is missing on a mounted filesystem is made: the mount is there",
  async () => {
    const path = `/dev/shm/jobq-test-${crypto.randomUUID()}`;
    try {
      await prepare(`${path}/a/b`);
      assertEquals(treeOf(path), ["a/", "a/b/"]);
    } finally {
      await Deno.remove(path, { recursive: true });
    }
  },
);

test("with create a directory that is missing is made, with those above it", async () => {
  await using root = await setUp();
  await prepare(root.join("to/a/b"), { create: true });
  assertEquals(treeOf(root.join("to")), ["a/", "a/b/"]);
});

for (const path of ["results", "./results", "~/results", "", "file://results", "../x"]) {
  test(`the destination "${path}" is refused: it is not absolute`, () => {
    const error = assertThrows(() => localDestination(path), UsageError);
    assertEquals(error.message, `Cannot sync to "${path}": the path must be absolute`);
  });
}

test("a destination in the directory that is copied is refused, however it is written", async () => {
  await using root = await setUp();
  await Deno.mkdir(root.join("from/out"));
  await Deno.symlink(root.join("from/out"), root.join("link"));
  const options = { source: root.join("from") };
  for (const name of ["from", "from/out", "to/../from/out", "link"]) {
    const error = await assertRejects(prepare(root.join(name), options), UsageError);
    assertMatch(error.message, /: it is in ".*\/from", the directory to be copied$/);
  }
  await Deno.mkdir(root.join("from2"));
  await prepare(root.join("from2"), options);
});

test("a file in the place of the destination is an error", async () => {
  await using root = await setUp();
  await Deno.writeTextFile(root.join("file"), "");
  const error = await assertRejects(prepare(root.join("file")), BackendError);
  assertMatch(error.message, /^Cannot sync to ".*\/file": it is not a directory$/);
  const below = await assertRejects(prepare(root.join("file/x"), { create: true }), BackendError);
  assertMatch(below.message, /: Not a directory \(os error 20\)$/);
});

test("a file is copied with its contents, its mode and its time to the ms", async () => {
  await using root = await setUp();
  await write(root, "x/y/a", new TextEncoder().encode("hello"));
  await Deno.chmod(root.join("from/x/y/a"), 0o741);
  await Deno.chmod(root.join("from/x"), 0o711);
  await Deno.utime(root.join("from/x/y/a"), new Date(1_234_567_890_123), new Date(1_234_567_890_123));
  await localDestination(root.join("to")).put(await fileOf(root, "x/y/a"));
  const { mtime, mode } = await Deno.stat(root.join("to/x/y/a"));
  assertEquals(await Deno.readTextFile(root.join("to/x/y/a")), "hello");
  assertEquals([mtime?.getTime(), (mode ?? 0) & 0o7777], [1_234_567_890_123, 0o741]);
  assertEquals(((await Deno.stat(root.join("to/x"))).mode ?? 0) & 0o7777, 0o711);
});

test("files are copied whatever their names are", async () => {
  await using root = await setUp();
  const destination = localDestination(root.join("to"));
  const names = [" ", "-rf", "a\nb", "*", "ü😀", "\\", "'\"$(x)", `${"é".repeat(127)}x`, "-d -/ f"];
  for (const name of names) await destination.put(await write(root, name));
  assertEquals(treeOf(root.join("to")), treeOf(root.join("from")));
});

test("an empty file is copied", async () => {
  await using root = await setUp();
  await localDestination(root.join("to")).put(await write(root, "a", new Uint8Array()));
  assertEquals((await Deno.stat(root.join("to/a"))).size, 0);
});

test("a file takes the place of the one before in one step", async () => {
  await using root = await setUp();
  const destination = localDestination(root.join("to"));
  await destination.put(await write(root, "a", new Uint8Array(10)));
  using old = await Deno.open(root.join("to/a"));
  await destination.put(await write(root, "a", new Uint8Array(20)));
  // Who has it open reads it on.
  assertEquals([(await old.stat()).size, (await Deno.stat(root.join("to/a"))).size], [10, 20]);
});

test("a large file with holes is copied with them, and its time and its mode", async () => {
  await using root = await setUp();
  const path = root.join("from/sparse");
  {
    using file = await Deno.open(path, { write: true, create: true, mode: 0o640 });
    await file.truncate(500 * MIB + 5);
    for (const at of [1, 100 * MIB - 1, 500 * MIB + 4]) {
      await file.seek(at, Deno.SeekMode.Start);
      await file.write(new TextEncoder().encode("!"));
    }
    await file.truncate(800 * MIB + 3);
  }
  await Deno.utime(path, new Date(1_234_567_890_123), new Date(1_234_567_890_123));
  await localDestination(root.join("to")).put(await fileOf(root, "sparse"));
  const { code } = await new Deno.Command("cmp", { args: [path, root.join("to/sparse")] }).output();
  const { blocks, mtime, mode, size } = await Deno.stat(root.join("to/sparse"));
  assertEquals([code, size, mtime?.getTime()], [0, 800 * MIB + 3, 1_234_567_890_123]);
  assertEquals((mode ?? 0) & 0o777, 0o640);
  assertBetween((blocks ?? 0) * 512, 1, 10 * MIB);
});

test("a large file is copied whole", async () => {
  await using root = await setUp();
  const file = await write(root, "large", new Uint8Array(70 * MIB + 7).map((_, at) => at % 251));
  await localDestination(root.join("to")).put(file);
  const { code } = await new Deno.Command("cmp", { args: [file.path, root.join("to/large")] }).output();
  assertEquals(code, 0);
});

test("the copy of a huge file can be stopped, and then nothing of it stays", async () => {
  await using root = await setUp();
  await write(root, "huge");
  await Deno.truncate(root.join("from/huge"), 100_000 * MIB);
  const stop = new AbortController();
  const stopped = localDestination(root.join("to")).put(await fileOf(root, "huge"), { signal: stop.signal })
    .then(() => "copied", (error) => error);
  await waitUntil(() => treeOf(root.join("to")).length === 1);
  const start = performance.now();
  stop.abort("enough");
  assertEquals(await stopped, "enough");
  assertBetween(performance.now() - start, 0, 5_000);
  assertEquals(treeOf(root.join("to")), []);
});

test("a copy that fails leaves nothing behind", async () => {
  await using root = await setUp();
  const file = await write(root, "a");
  await Deno.mkdir(root.join("to/a/b"), { recursive: true });
  const error = await assertRejects(localDestination(root.join("to")).put(file), BackendError);
  assertMatch(error.message, /^Cannot copy "a" to ".*\/to": there, a directory has that name$/);
  assertEquals(treeOf(root.join("to")), ["a/", "a/b/"]);
});

test("a copy that is not ready to be seen is not seen, and leaves nothing behind", async () => {
  await using root = await setUp();
  const destination = localDestination(root.join("to"));
  await destination.prepare();
  await Deno.writeTextFile(root.join("a"), "new");
  await Deno.writeTextFile(root.join("to/a"), "old");
  const { size, mtime, mode } = await Deno.stat(root.join("a"));
  const file = {
    path: root.join("a"),
    name: "a",
    sizeBytes: size,
    modifiedAt: mtime?.getTime() ?? 0,
    mode: (mode ?? 0) & 0o777,
  };
  const ready = () => Promise.reject(new BackendError("somebody else has it"));
  const error = await assertRejects(destination.put(file, { ready }), BackendError);
  assertEquals(error.message, "somebody else has it");
  assertEquals([treeOf(root.join("to")), await Deno.readTextFile(root.join("to/a"))], [["a"], "old"]);
});

test("what killed workers left more than a day ago is removed, and nothing else", async () => {
  await using root = await setUp();
  const temporary = ".jobq-dirsync-0123456789ab.tmp";
  await Deno.mkdir(root.join("to/x"));
  for (const name of [temporary, `x/${temporary}`, "x/other.tmp"]) {
    await Deno.writeTextFile(root.join(`to/${name}`), "");
    // This says nothing: a copy has the time of its file.
    await Deno.utime(root.join(`to/${name}`), new Date(5_000), new Date(5_000));
  }
  const clock = new ManualClock(Date.now() + 86_000_000);
  const files = [await write(root, "b"), await write(root, "x/a")];
  const copyAll = async () => {
    const destination = localDestination(root.join("to"), { clock });
    for (const file of files) await destination.put(file);
  };
  await copyAll();
  assertEquals(treeOf(root.join("to")), [temporary, "b", "x/", `x/${temporary}`, "x/a", "x/other.tmp"]);
  await clock.advance(1_000_000);
  await copyAll();
  assertEquals(treeOf(root.join("to")), ["b", "x/", "x/a", "x/other.tmp"]);
});

test("empty directories are made with their modes, more than once if asked", async () => {
  await using root = await setUp();
  const destination = localDestination(root.join("to"));
  for (let turn = 0; turn < 2; turn++) await destination.makeDirectory("x/y", { mode: 0o775 });
  await localDestination(root.join("to")).makeDirectory("x/y", { mode: 0o775 });
  assertEquals(treeOf(root.join("to")), ["x/", "x/y/"]);
  assertEquals(((await Deno.stat(root.join("to/x/y"))).mode ?? 0) & 0o777, 0o775);
});

test("only https and http addresses are those of blobs", () => {
  const addresses = [
    "https://a.blob.core.windows.net/c/p",
    "HTTP://127.0.0.1:10000/a/c",
    "/https://x",
    "file:///x",
  ];
  assertEquals(addresses.map(isBlobUrl), [true, true, false, false]);
});

test("filesystems of other hosts are told from local ones by the table of mounts", () => {
  const table = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:45 / /mnt/a rw shared:5 - fuse.blobfuse2 blobfuse2 rw
31 22 0:46 / /mnt/b rw - nfs4 host:/x rw
32 22 0:300 / /tmp rw - tmpfs tmpfs rw`;
  // makedev(3)
  const device = (major: number, minor: number) => (minor & 0xff) | (major << 8) | ((minor & 0xfff00) << 12);
  const devices = [device(254, 0), device(0, 45), device(0, 46), device(0, 300), device(9, 9)];
  assertEquals(devices.map((device) => tellsLate(table, device)), [false, true, true, false, false]);
  assert(!tellsLate("", device(0, 45)));
});
