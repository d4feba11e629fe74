import type { DatabaseSync } from "node:sqlite";
import { BackendError } from "../../core/errors.ts";

/** Marks a file as ours: "JOBQ" in ASCII, in SQLite's own header field for this purpose. */
const APPLICATION_ID = 0x4a4f4251;

/**
 * The schema's history; entry N brings a file from version N to N + 1. Entries are only ever appended, so that
 * a file of any age can be brought forward.
 *
 * From version 2 on, a job that waits for a worker is `pending` with `visible_at` NULL, and in the index `jobs_ready`,
 * of which a claim takes the first. One that waits for a time, the end of its delay or of its lease, has that time in
 * `visible_at`, and is in `jobs_timed`. All others are in neither. So a claim does not step over delayed, running,
 * blocked or finished jobs, however many there are, and what is ready stays so when the clock steps back.
 *
 * Further columns that are not what their name says: `wait_ms` is how long the wait was when it was set, or will be for
 * a blocked job; `waits` the number of parents that did not come to what the job waits for; `executions` counts those
 * that were begun; `worker_id`, `started_at`, `ended_at`, `outcome`, `failure`, `output` and `warning` are of the newest
 * execution (the table `executions` has the others); `cancel_reason` is set while a running job should stop;
 * `cancel_cause` is the parent because of which a job was cancelled; `refusals` has the workers on which the job's gate
 * refused it, as JSON. An execution with the outcome `gated` did not begin, and leaves its number to the next.
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
  `
  ALTER TABLE jobs ADD COLUMN priority      INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN job_key       TEXT;
  ALTER TABLE jobs ADD COLUMN executions    INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN waits         INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN has_parents   INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN has_children  INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN wait_ms       INTEGER;
  ALTER TABLE jobs ADD COLUMN updated_at    INTEGER;
  ALTER TABLE jobs ADD COLUMN ended_at      INTEGER;
  ALTER TABLE jobs ADD COLUMN outcome       TEXT;
  ALTER TABLE jobs ADD COLUMN output        TEXT;
  ALTER TABLE jobs ADD COLUMN warning       TEXT;
  ALTER TABLE jobs ADD COLUMN cancel_reason TEXT;
  ALTER TABLE jobs ADD COLUMN cancel_cause  INTEGER;

  UPDATE jobs SET executions = attempts + lost_leases + (state = 'running')
    WHERE started_at IS NOT NULL;
  UPDATE jobs SET ended_at = finished_at, outcome = state, output = iif(json_valid(failure), failure ->> '$.output', NULL)
    WHERE finished_at IS NOT NULL;
  UPDATE jobs SET state = 'timeout', outcome = 'timeout'
    WHERE finished_at IS NOT NULL AND state = 'failed' AND iif(json_valid(failure), failure ->> '$.kind', NULL) = 'timed-out';
  UPDATE jobs SET visible_at = NULL
    WHERE visible_at IS NOT NULL AND state = 'pending' AND visible_at <= unixepoch() * 1000 + 1000;

  DROP INDEX jobs_claimable;
  CREATE INDEX jobs_ready   ON jobs (queue_id, priority DESC, seq, visible_at) WHERE state = 'pending' AND visible_at IS NULL;
  CREATE INDEX jobs_timed   ON jobs (queue_id, visible_at, state) WHERE visible_at IS NOT NULL;
  CREATE INDEX jobs_blocked ON jobs (queue_id) WHERE state = 'blocked';
  CREATE UNIQUE INDEX jobs_key ON jobs (queue_id, job_key) WHERE job_key IS NOT NULL AND finished_at IS NULL;

  CREATE TABLE executions (
    job        INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    worker_id  TEXT,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    outcome    TEXT    NOT NULL,
    failure    TEXT,
    output     TEXT,
    warning    TEXT,
    UNIQUE (job, number)
  ) STRICT;

  CREATE TABLE dependencies (
    child         INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    parent        INTEGER NOT NULL,
    parent_suffix TEXT    NOT NULL,
    condition     TEXT    NOT NULL,
    satisfied     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (child, parent)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX dependencies_of_parent ON dependencies (parent, child);

  CREATE TRIGGER jobs_removed AFTER DELETE ON jobs BEGIN
    DELETE FROM executions   WHERE job = OLD.seq;
    DELETE FROM dependencies WHERE child = OLD.seq;
  END;

  CREATE TABLE workers (
    queue_id   INTEGER NOT NULL REFERENCES queues (id),
    id         TEXT    NOT NULL,
    host       TEXT    NOT NULL,
    pid        INTEGER NOT NULL,
    slots      INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    beat_at    INTEGER NOT NULL,
    stop       TEXT,
    PRIMARY KEY (queue_id, id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE jobs ADD COLUMN refusals TEXT;
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
