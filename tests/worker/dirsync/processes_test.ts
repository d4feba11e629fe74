import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test, testWhere } from "../../support/testing.ts";
import { UNPRIVILEGED } from "../../support/unprivileged.ts";
import { findUnshare } from "../../support/unshare.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { treeOf } from "./sync_bench.ts";

const SCRIPT = new URL("sync_once.ts", import.meta.url).pathname;

/** Runs a script in which `sync` copies "from" to "to", in a directory that has both. */
async function bash(root: TempDir, script: string, through: readonly string[] = []): Promise<string> {
  const head =
    `set -e; mkdir -p from to; sync() { "$DENO" run -A --quiet "$SCRIPT" "$PWD/from" "$PWD/to"; }\n`;
  const [program = "", ...args] = [...through, "bash", "-c", head + script];
  const { stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: root.path,
    env: { DENO: Deno.execPath(), SCRIPT },
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

test("files and directories that cannot be read are counted, and all others are copied", async () => {
  await using root = await TempDir.make();
  const out = await bash(
    root,
    "mkdir from/closed; touch from/closed/a from/b from/c; chmod 000 from/closed from/b; sync; chmod 700 from/closed",
    UNPRIVILEGED,
  );
  assertMatch(out, /^started\nBackendError: Cannot copy all of ".*": 2 of its files could not be copied, /);
  assertMatch(out, /the first because: Cannot copy "closed" to ".*": Permission denied \(os error 13\)\n$/);
  assertEquals(treeOf(root.join("to")), ["c"]);
});

test("a destination that this user may not write to is refused before the job starts", async () => {
  await using root = await TempDir.make();
  const out = await bash(root, "chmod 500 to; sync", UNPRIVILEGED);
  assertMatch(out, /^AccessDeniedError: Cannot sync to ".*\/to": Permission denied \(os error 13\)\n$/);
});

test("a directory that its owner may not write to is copied with what is in it", async () => {
  await using root = await TempDir.make();
  const script = "mkdir from/x; touch from/x/a; chmod 500 from/x; sync; chmod 700 from/x";
  assertEquals(await bash(root, script, UNPRIVILEGED), "started\nfinished\n");
  assertEquals(treeOf(root.join("to")), ["x/", "x/a"]);
});

/** What a filesystem does that keeps neither modes nor times of its own. */
const REFUSE = `#include <errno.h>
int fchmod(int fd, unsigned mode) { errno = EPERM; return -1; }
int chmod(const char *path, unsigned mode) { errno = EPERM; return -1; }
int futimens(int fd, const void *times) { errno = EPERM; return -1; }
int utimensat(int fd, const char *path, const void *times, int flags) { errno = EPERM; return -1; }
`;

testWhere(await hasCompiler(), "a C compiler", "a filesystem may refuse modes and times", async () => {
  await using root = await TempDir.make();
  await Deno.writeTextFile(root.join("refuse.c"), REFUSE);
  const out = await bash(
    root,
    `cc -shared -fPIC -w -o refuse.so refuse.c
    mkdir from/x; echo hello > from/x/a; chmod 400 from/x/a
    LD_PRELOAD="$PWD/refuse.so" sync
    cat to/x/a`,
  );
  assertEquals(out, "started\nfinished\nhello\n");
  assertEquals(treeOf(root.join("to")), ["x/", "x/a"]);
});

async function hasCompiler(): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", "command -v cc"], stdout: "null" })
    .output();
  return success;
}

const unshare = await findUnshare();
const testMount = (name: string, fn: () => Promise<void>) =>
  testWhere(unshare.length > 0, "the right to mount a tmpfs", name, fn);

testMount("a full destination is an error that says so, and leaves no part of a file", async () => {
  await using root = await TempDir.make();
  const out = await bash(
    root,
    `mount -t tmpfs -o size=4m tmpfs to
    for i in 1 2 3 4 5 6 7 8; do head -c 1000000 /dev/zero | tr '\\0' x > from/$i; done
    sync
    ls -A to | wc -l; find to -type f -not -size 1000000c | wc -l`,
    unshare,
  );
  assertMatch(
    out,
    /: [45] of its files could not be copied, .*: the disk is full, or a quota is used up\n[34]\n0\n$/,
  );
});

testMount("a destination that is full from the start is refused before the job starts", async () => {
  await using root = await TempDir.make();
  const out = await bash(
    root,
    "mount -t tmpfs -o size=64k tmpfs to; cat /dev/zero > to/ballast 2> /dev/null || true; sync; ls -A to",
    unshare,
  );
  assertMatch(out, /^BackendError: Cannot sync to ".*": the disk is full, or a quota is used up\nballast\n$/);
});

testMount("a destination that is mounted for reading only is refused before the job starts", async () => {
  await using root = await TempDir.make();
  const out = await bash(root, "mount -t tmpfs -o ro tmpfs to; sync", unshare);
  assertMatch(out, /^AccessDeniedError: Cannot sync to ".*": the filesystem is mounted for reading only\n$/);
});

testMount("a destination that is unmounted meanwhile is an error, and nothing is written below", async () => {
  await using root = await TempDir.make();
  const out = await bash(
    root,
    `mount -t tmpfs tmpfs to
    mkfifo words news
    "$DENO" run -A --quiet "$SCRIPT" "$PWD/from" "$PWD/to" --wait < words > news &
    exec 3> words 4< news
    read -r _started <&4
    umount to
    echo > from/a
    mkdir from/b
    exec 3>&-
    cat <&4
    ls -A to`,
    unshare,
  );
  assertMatch(out, /: 2 of its files could not be copied, .*: its filesystem is not mounted any more\n$/);
});

test("a worker that is killed leaves no part of a file under its name", async () => {
  await using root = await TempDir.make();
  await Deno.mkdir(root.join("from"));
  await Deno.mkdir(root.join("to"));
  const bytes = new Uint8Array(30_000_000).fill(120);
  for (let index = 0; index < 20; index++) await Deno.writeFile(root.join(`from/${index}`), bytes);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", SCRIPT, root.join("from"), root.join("to")],
    stdout: "null",
  }).spawn();
  await waitUntil(() => treeOf(root.join("to")).length > 2);
  child.kill("SIGKILL");
  await child.status;
  const names = treeOf(root.join("to"));
  const isTemporary = (name: string) => name.startsWith(".jobq-dirsync-");
  assert(names.filter((name) => !isTemporary(name)).length < 20);
  for (const name of names.filter((name) => !isTemporary(name))) {
    assertEquals((await Deno.stat(root.join(`to/${name}`))).size, bytes.length, name);
  }
});
