import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { Durability } from "@jobq/jobq";

/** Rows a transaction: about what `jobq push` finds in one read of standard input. */
export const BATCH_ROWS = 2_000;

/** A database with the settings that jobq uses and nothing else. */
export function openBare(
  path: string,
  { durability, schema }: { durability: Durability; schema: string },
): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}`);
  database.exec(schema);
  return database;
}

/** Inserts the rows with one prepared statement, so many a transaction. */
export function insertInBatches(
  database: DatabaseSync,
  sql: string,
  { items, values }: { items: readonly string[]; values: (item: string) => SQLInputValue[] },
): void {
  const statement = database.prepare(sql);
  for (let first = 0; first < items.length; first += BATCH_ROWS) {
    database.exec("BEGIN IMMEDIATE");
    for (const item of items.slice(first, first + BATCH_ROWS)) statement.run(...values(item));
    database.exec("COMMIT");
  }
}

/** The least that a table of commands can be. */
export const COMMANDS_SCHEMA =
  "CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, command TEXT NOT NULL)";
export const INSERT_COMMAND = "INSERT INTO jobs (command) VALUES (?)";

/** The least that a queue can be, with the two indexes that jobq has: of what waits and of what is finished. */
const QUEUE_SCHEMA = `
  CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY, command TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending',
    visible_at INTEGER, finished_at INTEGER
  );
  CREATE INDEX IF NOT EXISTS waiting ON jobs (visible_at, id) WHERE visible_at IS NOT NULL;
  CREATE INDEX IF NOT EXISTS finished ON jobs (state, finished_at) WHERE finished_at IS NOT NULL`;

/** The bare loop's queue: two statements a job, and no promise kept but SQLite's own. */
export class BareQueue implements Disposable {
  readonly #database: DatabaseSync;

  constructor(path: string, durability: Durability) {
    this.#database = openBare(path, { durability, schema: QUEUE_SCHEMA });
  }

  push(commands: readonly string[]): void {
    const now = Date.now();
    insertInBatches(this.#database, "INSERT INTO jobs (command, visible_at) VALUES (?, ?)", {
      items: commands,
      values: (command) => [command, now],
    });
  }

  /** Takes the oldest job and marks it done, so many times. */
  take(count: number): void {
    const lease = this.#database.prepare(`
      UPDATE jobs SET state = 'running', visible_at = ?
      WHERE id = (SELECT id FROM jobs WHERE visible_at <= ? ORDER BY visible_at, id LIMIT 1)
      RETURNING id, command`);
    const ack = this.#database.prepare(
      "UPDATE jobs SET state = 'done', visible_at = NULL, finished_at = ? WHERE id = ?",
    );
    for (let i = 0; i < count; i++) {
      const now = Date.now();
      const [job] = lease.all(now + 600_000, now);
      if (job === undefined) throw new Error("the bare queue is empty");
      ack.run(Date.now(), job.id ?? null);
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
