import type { Clock } from "../core/clock.ts";
import { BackendError, errorMessage, JobqError } from "../core/errors.ts";
import type { Job, JobId } from "../core/job.ts";
import type { Outcome } from "../core/outcome.ts";
import type { SyncDestination } from "../core/sync_destination.ts";
import type { Logger } from "../log/logger.ts";
import { stoppedOutcome } from "../runner/runner.ts";
import { explainMachine } from "../runner/start_process.ts";
import { Dirsync } from "./dirsync/dirsync.ts";
import { localDestination } from "./dirsync/local_destination.ts";
import { isBlobUrl } from "./dirsync/parse_destination.ts";
import { readDirsyncSettings } from "./dirsync/settings.ts";

/** Opens a place of Azure's blobs as one to copy files to. */
export type OpenBlobs = (url: string, options: { create: boolean; log: Logger }) => Promise<SyncDestination>;

/** What a worker needs to synchronise directories of jobs. */
export interface DirsyncContext {
  /** Default: there are none, and jobs that want to be copied to some fail. */
  readonly openBlobs?: OpenBlobs;
  /** As of the local destination. */
  readonly mountTable?: () => string;
  /** Looks up a variable of the worker's environment, which stands behind that of the job. Default: the process's own. */
  readonly env?: (name: string) => string | undefined;
}

export interface SyncedDirectoryOptions extends DirsyncContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted when the job is to be stopped. */
  readonly signal: AbortSignal;
  /** Aborted when the job is somebody else's, who copies to the same place. */
  readonly lost: AbortSignal;
  /** Resolves while the job is surely not somebody else's; rejects when it is. */
  readonly untilHeld?: () => Promise<void>;
  /** Aborted when nothing should be waited for any more. */
  readonly kill: AbortSignal;
}

/**
 * Runs a job with a fresh directory whose files are copied to where the job says: while it runs, and when it has ended,
 * in whatever way. The directory is removed when all is copied, and kept otherwise, which fails the attempt.
 *
 * @param run is given what the job's environment needs
 * @throws {BackendError} when this machine has no room for the directory
 */
export async function withSyncedDirectory(
  job: SyncedJob,
  options: SyncedDirectoryOptions,
  run: (env: Readonly<Record<string, string>>) => Promise<Outcome>,
): Promise<Outcome> {
  const { log, signal, lost, kill } = options;
  const ended = AbortSignal.any([lost, kill]);
  const directory = await Deno.makeTempDir({ prefix: "jobq-sync-" }).catch((error) => {
    throw explainMachine(error);
  });
  await using stack = new AsyncDisposableStack();
  const remove = stack.adopt(
    { isWanted: true },
    ({ isWanted }) => isWanted ? removeAll(directory, log) : undefined,
  );
  let dirsync: Dirsync;
  try {
    const destination = stack.use(await destinationOf(job, directory, options));
    dirsync = stack.use(await startDirsync(job, { ...options, directory, destination, signal: ended }));
  } catch (error) {
    if (signal.aborted) return stoppedOutcome(signal);
    if (!(error instanceof JobqError)) throw error;
    return { kind: "failed", error: withHint(error), retryable: true };
  }
  const outcome = await run({ AMLT_DIRSYNC_DIR: directory }).catch((error) => {
    // It may have run for hours before this machine failed it.
    if (!isEmpty(directory)) {
      remove.isWanted = false;
      log.error(`what job ${job.id} wrote was not copied to the end, and is kept in "${directory}"`);
    }
    throw error;
  });
  try {
    await dirsync.finish();
    return outcome;
  } catch (error) {
    remove.isWanted = false;
    // Nothing is settled any more, so that only the log can tell.
    if (lost.aborted) {
      log.error(`job ${job.id} is somebody else's by now, and: ${withHint(error)}`);
      return outcome;
    }
    // The worker was told to leave, and that is no failure of a job which ended well: it runs again.
    const ended: Outcome = kill.aborted && outcome.kind === "succeeded"
      ? { kind: "interrupted", output: outcome.output }
      : outcome;
    return notCopied(ended, { reason: withHint(error), id: job.id, log });
  }
}

/** A job that wants a directory copied. */
export type SyncedJob = Job & { readonly bgDirsyncTo: string };

function startDirsync(
  job: SyncedJob,
  { directory, destination, clock, log, signal, untilHeld: ready, env = (name) => Deno.env.get(name) }:
    & SyncedDirectoryOptions
    & {
      directory: string;
      destination: SyncDestination;
    },
): Promise<Dirsync> {
  const settings = readDirsyncSettings((name) => job.env[name] ?? env(name));
  return Dirsync.start({ directory, destination, settings, clock, log, signal, ready });
}

/** What an attempt has come to whose results are still on this machine. */
function notCopied(
  outcome: Outcome,
  { reason, id, log }: { reason: string; id: JobId; log: Logger },
): Outcome {
  switch (outcome.kind) {
    case "succeeded":
      return { kind: "failed", error: reason, output: outcome.output, retryable: true };
    case "failed":
      return { ...outcome, error: `${outcome.error}; and: ${reason}` };
    case "timed-out": {
      const error = `it ran longer than its ${outcome.timeoutMs} ms; and: ${reason}`;
      return { kind: "failed", error, output: outcome.output, retryable: true };
    }
    case "cancelled":
    case "interrupted":
    case "gated":
      log.error(`job ${id} was stopped, and: ${reason}`);
      return outcome;
    default:
      return outcome satisfies never;
  }
}

function withHint(error: unknown): string {
  const hint = error instanceof JobqError ? error.hint : undefined;
  return hint === undefined ? errorMessage(error) : `${errorMessage(error)} (${hint})`;
}

function isEmpty(directory: string): boolean {
  try {
    return Deno.readDirSync(directory)[Symbol.iterator]().next().done === true;
  } catch {
    return false;
  }
}

async function removeAll(directory: string, log: Logger): Promise<void> {
  await Deno.remove(directory, { recursive: true }).catch((error) =>
    log.warn(`a directory that was copied cannot be removed: ${errorMessage(error)}`, { directory })
  );
}

async function destinationOf(
  { bgDirsyncTo, bgDirsyncCreate: create = false }: SyncedJob,
  directory: string,
  { openBlobs, mountTable, log }: DirsyncContext & { log: Logger },
): Promise<SyncDestination> {
  if (!isBlobUrl(bgDirsyncTo)) {
    return localDestination(bgDirsyncTo, { create, mountTable, source: directory });
  }
  if (openBlobs !== undefined) return await openBlobs(bgDirsyncTo, { create, log });
  throw new BackendError("Cannot copy to Azure's blobs: this worker was not given a way to", {
    hint: "give the Worker openBlobs: openBlobDestination",
  });
}
