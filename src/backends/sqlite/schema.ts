import type { DatabaseSync } from "node:sqlite";
import { BackendError } from "../../core/errors.ts";

/** Marks a file as ours: "JOBQ" in ASCII, in SQLite's own header field for this purpose. */
const APPLICATION_ID = 0x4a4f4251;

/**
 * The schema's history; entry N brings a file from version N to N + 1. Entries are only ever appended, so that
 * a file of any age can be brought forward.
 *
 * `visible_at` is the heart: a job can be leased once it has passed. For a pending job it is the end of its
 * delay, for a running one the end of its lease, for a finished one NULL, which keeps it out of the index that
 * claims use.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE queues (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
  ) STRICT;

  CREATE TABLE jobs (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    queue_id         INTEGER NOT NULL REFERENCES queues (id),
    suffix           TEXT    NOT NULL,
    state            TEXT    NOT NULL DEFAULT 'pending',
    name             TEXT,
    spec             TEXT    NOT NULL,
    max_attempts     INTEGER NOT NULL,
    attempts         INTEGER NOT NULL DEFAULT 0,
    lost_leases      INTEGER NOT NULL DEFAULT 0,
    retry_delay_ms   INTEGER,
    timeout_ms       INTEGER,
    created_at       INTEGER NOT NULL,
    visible_at       INTEGER,
    started_at       INTEGER,
    finished_at      INTEGER,
    lease_token      TEXT,
    worker_id        TEXT,
    failure          TEXT,
    result           TEXT
  ) STRICT;

  CREATE INDEX jobs_claimable ON jobs (queue_id, visible_at, seq, state) WHERE visible_at IS NOT NULL;
  CREATE INDEX jobs_finished  ON jobs (queue_id, state, finished_at, seq) WHERE finished_at IS NOT NULL;
  `,
];

/**
 * Whether the file is empty, of the newest schema or of an older one. Reads only.
 *
 * @throws {BackendError} for another program's database and for a newer schema
 */
export function inspectSchema(database: DatabaseSync, path: string): "current" | "outdated" {
  // One snapshot: between two reads another process may turn an empty file into a queue.
  database.exec("BEGIN");
  try {
    return inspectSnapshot(database, path);
  } finally {
    if (database.isTransaction) database.exec("ROLLBACK");
  }
}

function inspectSnapshot(database: DatabaseSync, path: string): "current" | "outdated" {
  const version = readPragma(database, "user_version");
  const application = readPragma(database, "application_id");
  const refuse = (reason: string, hint: string) =>
    new BackendError(`Cannot open "${path}": ${reason}`, { hint });
  if (application !== APPLICATION_ID) {
    const { tables } = database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get() ?? {};
    if (application !== 0 || version !== 0 || tables !== 0) {
      throw refuse(
        "it is an SQLite database of another program",
        "choose another file; this one was not changed",
      );
    }
  }
  if (version > MIGRATIONS.length) {
    throw refuse(
      `it was written by a newer jobq (schema ${version}; this one knows up to ${MIGRATIONS.length})`,
      "update jobq on this machine; the file was not changed",
    );
  }
  return version === MIGRATIONS.length ? "current" : "outdated";
}

/** Brings the file to the newest schema. Runs inside the caller's write transaction, so that two processes cannot both do it. */
export function migrate(database: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  const version = readPragma(database, "user_version");
  for (const migration of migrations.slice(version)) database.exec(migration);
  if (version < migrations.length) {
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}`);
  }
}

function readPragma(database: DatabaseSync, name: "user_version" | "application_id"): number {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return Number(row?.[name] ?? 0);
}
