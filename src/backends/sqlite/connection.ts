import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Clock } from "../../core/clock.ts";
import { AccessDeniedError, BackendError, errorMessage, JobqError } from "../../core/errors.ts";
import { formatDuration } from "../../core/duration.ts";
import type { Logger } from "../../log/logger.ts";
import type { Durability } from "../registry.ts";
import { fileKey, noteClosing, noteOpening } from "./open_files.ts";
import { inspectSchema, migrate } from "./schema.ts";

/**
 * How long SQLite itself waits for a lock, in ms. It waits inside a synchronous call, so output, heartbeats and
 * signals stand still meanwhile: short waits here, long ones in `#retryBusy`, which sleeps.
 */
const BUSY_TIMEOUT_MS = 20;
const BUSY_SLEEP_MS = 25;
const BUSY_WARN_MS = 5_000;

/** After a wait for the write lock this long, the leases of others may have run out for the same reason. */
const LONG_WAIT_MS = 200;
/** How long their holders are then given to renew, in ms. */
const RENEWAL_GRACE_MS = 5_000;

export interface ConnectionOptions {
  /** Absolute: SQLite understands `:memory:` and `file:…` in its own way. */
  readonly path: string;
  readonly durability: Durability;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface WriteOptions {
  /** What is being done, for errors: `push to`. */
  readonly action: string;
  /** Whether the commit must survive a power loss (if the durability is `full`). */
  readonly durable: boolean;
  readonly signal?: AbortSignal;
}

/** One SQLite connection that never fails because the file is busy: it waits and tries again. */
export class Connection implements Disposable {
  readonly path: string;
  readonly database: DatabaseSync;
  readonly #options: ConnectionOptions;
  readonly #fileKey: string;
  readonly #statements = new Map<string, StatementSync>();
  #synchronous: "FULL" | "NORMAL" | undefined;
  #longWait: { readonly startedAt: number; readonly endedAt: number } | undefined;

  private constructor(database: DatabaseSync, options: ConnectionOptions) {
    this.path = options.path;
    this.database = database;
    this.#options = options;
    this.#fileKey = noteOpening(options.path);
  }

  /** Opens the file, in WAL mode and with the newest schema. @throws {JobqError} */
  static async open(options: ConnectionOptions, signal?: AbortSignal): Promise<Connection> {
    const { path } = options;
    let database: DatabaseSync;
    try {
      database = new DatabaseSync(path);
    } catch (error) {
      throw explain(error, { action: "open", path });
    }
    const connection = new Connection(database, options);
    try {
      database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      const state = await connection.#retryBusy("open", () => inspectSchema(database, path), signal);
      // Outside WAL mode this is a change of the file, so it comes after the inspection.
      await connection.#retryBusy("open", () => database.exec("PRAGMA journal_mode = WAL"), signal);
      if (state === "outdated") {
        await connection.transaction({ action: "open", durable: true, signal }, () => migrate(database));
      }
      return connection;
    } catch (error) {
      connection[Symbol.dispose]();
      throw error;
    }
  }

  /** The prepared statement of this text, made once. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Runs statements that only read. */
  read<T>(action: string, statements: () => T, signal?: AbortSignal): Promise<T> {
    return this.#retryBusy(action, statements, signal);
  }

  /** Runs a single writing statement, which is a transaction of its own. */
  write<T>({ action, durable, signal }: WriteOptions, statement: () => T): Promise<T> {
    return this.#retryBusy(action, () => {
      this.#setSynchronous(durable);
      return statement();
    }, signal);
  }

  /** Runs several statements, all or none. They may run more than once, but only the last time counts. */
  transaction<T>({ action, durable, signal }: WriteOptions, statements: () => T): Promise<T> {
    return this.#retryBusy(action, () => {
      this.#setSynchronous(durable);
      this.database.exec("BEGIN IMMEDIATE");
      try {
        const result = statements();
        this.database.exec("COMMIT");
        return result;
      } catch (error) {
        if (this.database.isTransaction) this.database.exec("ROLLBACK");
        throw error;
      }
    }, signal);
  }

  /**
   * The time before which a lease must have ended to be taken over, ms since the epoch. Normally now. After
   * somebody held the write lock for long, holders could not renew either; they get a moment to do so first.
   * That goes for leases that ended shortly before our wait, too: their end is what made us come, and the lock
   * may have been held for longer than we waited.
   */
  takeoverBefore(now: number): number {
    const wait = this.#longWait;
    const isRecent = wait !== undefined && now < wait.endedAt + RENEWAL_GRACE_MS;
    // A wait from before the clock stepped back is in the future.
    return isRecent ? Math.min(now, wait.startedAt - RENEWAL_GRACE_MS) : now;
  }

  /**
   * Makes sure that the file is still the one that its name stands for. Otherwise whoever waits here for jobs would
   * wait for ever, while they are pushed elsewhere.
   *
   * @throws {BackendError}
   */
  assertInPlace(): void {
    if (fileKey(this.path) === this.#fileKey) return;
    throw new BackendError(`Cannot go on with "${this.path}": the file was removed or replaced`, {
      hint: "start again; what was in the old file is gone with it",
    });
  }

  [Symbol.dispose](): void {
    if (!this.database.isOpen) return;
    this.database.close();
    noteClosing(this.#fileKey);
  }

  #setSynchronous(durable: boolean): void {
    const wanted = durable && this.#options.durability === "full" ? "FULL" : "NORMAL";
    if (wanted === this.#synchronous) return;
    this.database.exec(`PRAGMA synchronous = ${wanted}`);
    this.#synchronous = wanted;
  }

  /** Tries until the file is free, however long that takes; only the signal ends it. */
  async #retryBusy<T>(action: string, attempt: () => T, signal: AbortSignal | undefined): Promise<T> {
    const { clock, log, path } = this.#options;
    const startedAt = clock.now();
    let warned = false;
    for (;;) {
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error)) throw explain(error, { action, path });
        signal?.throwIfAborted();
        const endedAt = clock.now();
        const waitedMs = endedAt - startedAt;
        // Noted before the next attempt, which may be the one that decides about a takeover.
        if (waitedMs >= LONG_WAIT_MS) this.#longWait = { startedAt, endedAt };
        if (!warned && waitedMs >= BUSY_WARN_MS) {
          warned = true;
          log.warn(`another process holds the lock of ${path}; waiting`, {
            waited: formatDuration(waitedMs),
          });
        }
        await clock.sleep(BUSY_SLEEP_MS * (0.5 + Math.random()), signal);
      }
    }
  }
}

/** SQLite's own words (sqlite3_errstr); `node:sqlite` under Deno gives no result code. */
function isBusy(error: unknown): boolean {
  return !(error instanceof JobqError) &&
    /^(?:database (?:table )?is locked|locking protocol)/.test(errorMessage(error));
}

function explain(error: unknown, { action, path }: { action: string; path: string }): unknown {
  if (error instanceof JobqError) return error;
  const text = errorMessage(error);
  const message = `Cannot ${action} "${path}"`;
  if (/readonly database|access permission/.test(text)) {
    return new AccessDeniedError(`${message}: it, or its directory, is read-only`, {
      hint: "a queue needs write access to the file and to its directory",
      cause: error,
    });
  }
  if (/database or disk is full/.test(text)) {
    return new BackendError(`${message}: the disk is full`, {
      hint: "free some space and try again; what was acknowledged before is safe",
      cause: error,
      transient: true,
    });
  }
  if (/malformed|not a database/.test(text)) {
    return new BackendError(`${message}: the file is damaged (${text})`, {
      hint: "restore it from a backup, or save what is left: sqlite3 FILE .recover",
      cause: error,
    });
  }
  if (/disk I\/O error/.test(text)) {
    return new BackendError(`${message}: the disk cannot be read or written`, {
      hint: "check the disk (is it full or failing?) and try again",
      cause: error,
      transient: true,
    });
  }
  if (/unable to open database file/.test(text)) {
    return new AccessDeniedError(`${message}: SQLite cannot make or open its files there`, {
      hint: "check the rights on the file and its directory",
      cause: error,
    });
  }
  // Anything else is a defect of ours, which keeps its own name and stack.
  return error;
}
