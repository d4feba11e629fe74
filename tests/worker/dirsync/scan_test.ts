import { selectionOf } from "../../../src/worker/dirsync/globs.ts";
import { scan } from "../../../src/worker/dirsync/scan.ts";
import { reasonOf } from "../../../src/worker/dirsync/sync_errors.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

/** What a scan tells, a line each, sorted. */
async function scanned(directory: string, exclude: readonly string[] = []): Promise<readonly string[]> {
  const told: string[] = [];
  await scan(directory, {
    selection: selectionOf([], exclude),
    visitor: {
      onFile: (name, { sizeBytes }) => told.push(`${name} ${sizeBytes}`),
      onEmptyDirectory: (name, mode) => told.push(`${name}/ ${mode.toString(8)}`),
      onSkipped: (name, reason) => told.push(`${name} skipped: ${reason}`),
      onFailure: (name, error) => told.push(`${name} failed: ${reasonOf(error)}`),
    },
  });
  return told.sort();
}

async function bash(script: string, directory: TempDir): Promise<void> {
  const { success } = await new Deno.Command("bash", { args: ["-c", script], cwd: directory.path }).output();
  assertEquals(success, true);
}

test("scan() finds the files at every depth, and the directories in which nothing is", async () => {
  await using directory = await TempDir.make();
  await bash("mkdir -p x/y empty; chmod 700 empty; echo one > a; echo > x/y/b; : > x/.hidden", directory);
  assertEquals(await scanned(directory.path), ["a 4", "empty/ 700", "x/.hidden 0", "x/y/b 1"]);
});

test("scan() finds files whatever their names are", async () => {
  await using directory = await TempDir.make();
  const names = [" ", "-rf", "a\nb", "*", "ü😀", "\\", "'\"$(x)", "\uFFFD", "é".repeat(127)];
  for (const name of names) await Deno.writeTextFile(directory.join(name), "");
  assertEquals(await scanned(directory.path), names.map((name) => `${name} 0`).sort());
});

test("scan() passes over the request to flush, and copies that are on their way", async () => {
  await using directory = await TempDir.make();
  await bash(
    "mkdir x; touch .amlt_flush_upload .jobq-dirsync-0123456789ab.tmp x/.jobq-dirsync-0123456789ab.tmp x/.amlt_flush_upload",
    directory,
  );
  assertEquals(await scanned(directory.path), ["x/.amlt_flush_upload 0"]);
});

test("scan() takes links to files for these, and tells of all other things that are no files", async () => {
  await using directory = await TempDir.make();
  await bash(
    "mkdir d; touch d/a; ln -s d/a file; ln -s d dir; ln -s nowhere broken; ln -s loop loop; ln -s d/a/x below; mkfifo fifo; ln -s fifo pipe",
    directory,
  );
  assertEquals(await scanned(directory.path), [
    "below skipped: it is a link to nothing",
    "broken skipped: it is a link to nothing",
    "d/a 0",
    "dir skipped: it is a link to a directory, and only those to files are followed",
    "fifo skipped: it is a pipe, a socket or a device",
    "file 0",
    "loop skipped: it is a link to nothing",
    "pipe skipped: it is a link to a pipe, a socket or a device, and only those to files are followed",
  ]);
});

test("scan() fails for names that are no UTF-8, which it cannot open", async () => {
  await using directory = await TempDir.make();
  await bash("touch $'bad\\xff'; mkdir $'x\\xfe'; touch $'x\\xfe/a'", directory);
  assertEquals(await scanned(directory.path), [
    "bad\uFFFD failed: its name is not valid UTF-8",
    "x\uFFFD failed: its name is not valid UTF-8",
  ]);
});

test("scan() does not take a file for another one whose name only looks the same", async () => {
  await using directory = await TempDir.make();
  await bash("echo > $'a\\xff'; echo > $'a\\xef\\xbf\\xbd'", directory);
  assertEquals(await scanned(directory.path), [
    "a\uFFFD 1",
    "a\uFFFD failed: several names look like this one",
  ]);
});

test("scan() does not look into directories that are excluded", async () => {
  await using directory = await TempDir.make();
  await bash("mkdir -p tmp/x y; touch tmp/a y/a; mkfifo tmp/fifo", directory);
  assertEquals(await scanned(directory.path, ["tmp"]), ["y/a 0"]);
});

test("scan() fails for a directory that is not there", async () => {
  await using directory = await TempDir.make();
  assertEquals(await scanned(directory.join("gone")), [" failed: No such file or directory (os error 2)"]);
});

test("scan() lets others go on while it looks through many files", async () => {
  await using directory = await TempDir.make();
  for (let index = 0; index < 20_000; index++) {
    if (index % 1_000 === 0) Deno.mkdirSync(directory.join(`${index / 1_000}`));
    Deno.writeFileSync(directory.join(`${Math.floor(index / 1_000)}/${index}`), new Uint8Array());
  }
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  assertEquals((await scanned(directory.path)).length, 20_000);
  clearInterval(timer);
  assert(ticks > 0);
});
