import {
  AccessDeniedError,
  BackendError,
  type JobqError,
  QueueNotFoundError,
} from "../../../src/core/errors.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import { execAt, openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

type ErrorClass = new (message: string) => JobqError;

interface BadFile {
  /** Makes the file at the path, or leaves it missing. */
  make(path: string): Promise<void> | void;
  readonly error: ErrorClass;
  readonly exitCode: number;
  readonly word: string;
}

const BAD_FILES: Readonly<Record<string, BadFile>> = {
  "a text file": {
    make: (path) => Deno.writeTextFile(path, "dear diary ".repeat(1_000)),
    error: BackendError,
    exitCode: 5,
    word: "not an SQLite database",
  },
  "a text file of a few bytes": {
    make: (path) => Deno.writeTextFile(path, "hi"),
    error: BackendError,
    exitCode: 5,
    word: "not an SQLite database",
  },
  "a queue cut short": {
    make: (path) => makeQueue(path, (bytes) => bytes.slice(0, bytes.length - 4096)),
    error: BackendError,
    exitCode: 5,
    word: "cut short",
  },
  "a queue cut within its header": {
    make: (path) => makeQueue(path, (bytes) => bytes.slice(0, 50)),
    error: BackendError,
    exitCode: 5,
    word: "not an SQLite database",
  },
  "a queue full of garbage": {
    make: (path) => makeQueue(path, (bytes) => bytes.fill(0xaa, 100)),
    error: BackendError,
    exitCode: 5,
    word: "damaged",
  },
  "another program's database": {
    make: (path) => execAt(path, "CREATE TABLE photos (x); INSERT INTO photos VALUES (1)"),
    error: BackendError,
    exitCode: 5,
    word: "another program",
  },
  "another program's empty database with its mark": {
    make: (path) => execAt(path, "PRAGMA application_id = 7; CREATE TABLE a (x); DROP TABLE a"),
    error: BackendError,
    exitCode: 5,
    word: "another program",
  },
};

for (const [what, { make, error, exitCode, word }] of Object.entries(BAD_FILES)) {
  test(`${what} is refused and stays as it was, byte for byte`, async () => {
    await using directory = await TempDir.make();
    const path = directory.join("jobs.db");
    await make(path);
    const before = await Deno.readFile(path);
    const refusal = await assertRejects(openAt(path), error);
    assert(refusal.message.includes(word) && refusal.message.includes(path), refusal.message);
    assertEquals(refusal.exitCode, exitCode);
    assert(refusal.hint);
    assertEquals(await Deno.readFile(path), before);
  });
}

test("a missing directory is a QueueNotFoundError and is not made", async () => {
  await using directory = await TempDir.make();
  const error = await assertRejects(openAt(directory.join("missing/jobs.db")), QueueNotFoundError);
  assert(error.exitCode === 3 && error.hint?.includes("mkdir -p"));
  await assertRejects(Deno.stat(directory.join("missing")), Deno.errors.NotFound);
});

test("a missing file with create: false is a QueueNotFoundError and is not made", async () => {
  await using directory = await TempDir.make();
  const error = await assertRejects(openAt(directory.join("jobs.db"), { create: false }), QueueNotFoundError);
  assertEquals(error.exitCode, 3);
  await assertRejects(Deno.stat(directory.join("jobs.db")), Deno.errors.NotFound);
});

test("a missing queue in a file with create: false is a QueueNotFoundError and is not made", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await using _other = await openAt(path);
  for (let i = 0; i < 2; i++) {
    const error = await assertRejects(openAt(path, { queue: "gpu", create: false }), QueueNotFoundError);
    assert(error.message.includes('"gpu"'));
  }
});

test("a directory is a QueueNotFoundError that says how to name such a queue", async () => {
  await using directory = await TempDir.make();
  const error = await assertRejects(openAt(directory.path), QueueNotFoundError);
  assert(error.exitCode === 3 && error.hint?.includes(`file:${directory.path}`));
});

test("a path through a file is an error of ours", async () => {
  await using directory = await TempDir.make();
  await Deno.writeTextFile(directory.join("file"), "");
  await assertRejects(openAt(directory.join("file/jobs.db")), QueueNotFoundError);
});

test("the directory of the default queue is made, for its user alone", async () => {
  await using directory = await TempDir.make();
  const { openSqliteQueue } = await import("../../../src/backends/sqlite/open.ts");
  const path = directory.join("state/jobq/jobs.db");
  await using _queue = await openSqliteQueue({ kind: "sqlite", path, queue: "default", isDefault: true });
  assertEquals(((await Deno.stat(directory.join("state/jobq"))).mode ?? 0) & 0o777, 0o700);
});

test("a default queue whose directory cannot be made is an AccessDeniedError", async () => {
  await using directory = await TempDir.make();
  const { openSqliteQueue } = await import("../../../src/backends/sqlite/open.ts");
  await Deno.writeTextFile(directory.join("state"), "a file in the way");
  const path = directory.join("state/jobq/jobs.db");
  const opening = openSqliteQueue({ kind: "sqlite", path, queue: "default", isDefault: true });
  assertEquals((await assertRejects(opening, AccessDeniedError)).exitCode, 4);
});

for (
  const name of [
    ":memory:",
    "file:jobs?mode=memory",
    "with space.db",
    "quote'\".db",
    "ümlaut 👾.db",
    "-dash.db",
  ]
) {
  test(`${JSON.stringify(name)} is the name of a file like any other`, async () => {
    await using directory = await TempDir.make();
    const before = Deno.cwd();
    Deno.chdir(directory.path);
    try {
      {
        await using queue = await openAt(name);
        await queue.enqueue([shellJob()]);
      }
      assert((await Deno.stat(directory.join(name))).isFile);
      await using again = await openAt(name, { create: false });
      assertEquals((await again.counts()).ready, 1);
    } finally {
      Deno.chdir(before);
    }
  });
}

/** A real queue whose bytes are then changed. */
async function makeQueue(path: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  {
    await using queue = await openAt(path);
    await queue.enqueue([shellJob("x".repeat(20_000))]);
  }
  execAt(path, "PRAGMA journal_mode = DELETE");
  await Deno.writeFile(path, change(await Deno.readFile(path)));
}
