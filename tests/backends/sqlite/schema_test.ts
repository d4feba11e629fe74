import { DatabaseSync } from "node:sqlite";
import { inspectSchema, migrate, MIGRATIONS } from "../../../src/backends/sqlite/schema.ts";
import { BackendError } from "../../../src/core/errors.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { execAt, openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

test("an empty database is outdated, a migrated one current", () => {
  const database = new DatabaseSync(":memory:");
  assertEquals(inspectSchema(database, "x"), "outdated");
  migrate(database);
  assertEquals(inspectSchema(database, "x"), "current");
  database.close();
});

test("migrate() a second time changes nothing", () => {
  const database = new DatabaseSync(":memory:");
  migrate(database);
  const before = schemaOf(database);
  migrate(database);
  assertEquals(schemaOf(database), before);
  database.close();
});

test("migrate() runs the steps that a file lacks, and keeps its rows", () => {
  const steps = [
    "CREATE TABLE notes (text TEXT)",
    "ALTER TABLE notes ADD COLUMN stars INTEGER NOT NULL DEFAULT 1",
    "UPDATE notes SET stars = stars + 1",
  ];
  const database = new DatabaseSync(":memory:");
  migrate(database, steps.slice(0, 1));
  database.exec("INSERT INTO notes VALUES ('kept')");
  migrate(database, steps);
  assertEquals({ ...database.prepare("SELECT * FROM notes").get() }, { text: "kept", stars: 2 });
  assertEquals({ ...database.prepare("PRAGMA user_version").get() }, { user_version: 3 });
  database.close();
});

test("a step that fails leaves the file as it was", async () => {
  await using directory = await TempDir.make();
  const database = new DatabaseSync(directory.join("jobs.db"));
  migrate(database, ["CREATE TABLE a (x)"]);
  database.exec("BEGIN IMMEDIATE");
  let failed = false;
  try {
    migrate(database, ["CREATE TABLE a (x)", "CREATE TABLE b (x)", "nonsense"]);
  } catch {
    failed = true;
    database.exec("ROLLBACK");
  }
  assert(failed);
  assertEquals(schemaOf(database), ["a"]);
  assertEquals({ ...database.prepare("PRAGMA user_version").get() }, { user_version: 1 });
  database.close();
});

test("a fresh file has the newest schema and our mark", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await (await openAt(path))[Symbol.asyncDispose]();
  const database = new DatabaseSync(path);
  const read = (pragma: string) => Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0];
  assertEquals(
    ["user_version", "application_id", "journal_mode"].map(read),
    [MIGRATIONS.length, 0x4a4f4251, "wal"],
  );
  database.close();
});

test("a file of 0 bytes becomes a queue", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await Deno.writeFile(path, new Uint8Array());
  await using queue = await openAt(path);
  assertEquals((await queue.counts()).ready, 0);
});

test("a newer schema is refused and the file stays as it was, byte for byte", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await (await openAt(path))[Symbol.asyncDispose]();
  execAt(path, `PRAGMA user_version = ${MIGRATIONS.length + 1}`);
  const before = await Deno.readFile(path);
  const error = await assertRejects(openAt(path), BackendError);
  assert(error.message.includes("newer jobq") && error.hint?.includes("update jobq"));
  assertEquals(await Deno.readFile(path), before);
});

test("a database that another process makes ours during the inspection is not taken for another program's", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  execAt(path, "PRAGMA journal_mode = WAL");
  let raced = false;
  class Racing extends DatabaseSync {
    override prepare(sql: string): ReturnType<DatabaseSync["prepare"]> {
      if (sql.includes("sqlite_schema") && !raced) {
        raced = true;
        const other = new DatabaseSync(path);
        migrate(other);
        other.close();
      }
      return super.prepare(sql);
    }
  }
  const database = new Racing(path);
  assertEquals(inspectSchema(database, path), "outdated");
  assert(raced);
  assertEquals(inspectSchema(database, path), "current");
  database.close();
});

function schemaOf(database: DatabaseSync): string[] {
  return database.prepare("SELECT name FROM sqlite_schema ORDER BY name").all().map(({ name }) =>
    String(name)
  );
}
