import { assert, assertEquals } from "../../support/assert.ts";
import { runScript } from "../../support/child.ts";
import { openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";
import { UNPRIVILEGED } from "../../support/unprivileged.ts";

interface Answer {
  readonly name?: string;
  readonly exitCode?: number;
  readonly message?: string;
  readonly hint?: string;
  readonly attempts?: number;
}

/** Opens the queue in a process for which the modes of files hold. */
async function openUnprivileged(path: string): Promise<Answer> {
  const { stdout, stderr, code } = await runScript("opener.ts", [path], { through: UNPRIVILEGED });
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout) as Answer;
}

/** A queue's file, and its directory with the given modes while `fn` runs. */
async function withModes(
  { file, directory: directoryMode }: { file: number; directory: number },
  fn: (path: string) => Promise<void>,
): Promise<void> {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await (await openAt(path))[Symbol.asyncDispose]();
  const before = await Deno.readFile(path);
  await Deno.chmod(path, file);
  await Deno.chmod(directory.path, directoryMode);
  try {
    await fn(path);
    await Deno.chmod(directory.path, 0o700);
    assertEquals([...Deno.readDirSync(directory.path)].map(({ name }) => name), ["jobs.db"]);
    await Deno.chmod(path, 0o600);
    assertEquals(await Deno.readFile(path), before);
  } finally {
    await Deno.chmod(directory.path, 0o700);
  }
}

const MODES = {
  "a file that may not be read": { file: 0o000, directory: 0o700 },
  "a file that may not be written": { file: 0o400, directory: 0o700 },
  "a file in a directory that may not be written": { file: 0o600, directory: 0o500 },
  "a file in a directory that may not be entered": { file: 0o600, directory: 0o000 },
} as const;

for (const [what, modes] of Object.entries(MODES)) {
  test(`${what} is an AccessDeniedError and stays as it was`, async () => {
    await withModes(modes, async (path) => {
      const { name, exitCode, message, hint } = await openUnprivileged(path);
      assertEquals([name, exitCode], ["AccessDeniedError", 4], message);
      assert(message?.includes(path) && hint);
    });
  });
}

test("a file that does not exist in a directory that may not be written is an AccessDeniedError", async () => {
  await using directory = await TempDir.make();
  await Deno.chmod(directory.path, 0o500);
  const { name, exitCode, message } = await openUnprivileged(directory.join("jobs.db"));
  await Deno.chmod(directory.path, 0o700);
  assertEquals([name, exitCode], ["AccessDeniedError", 4], message);
});

test("a file with all its rights works without privileges", async () => {
  await using directory = await TempDir.make();
  assertEquals((await openUnprivileged(directory.join("jobs.db"))).attempts, 0);
});
