import { AccessDeniedError, BackendError, QueueNotFoundError, UnsupportedError } from "../../core/errors.ts";
import { isOpenHere } from "./open_files.ts";
import { mountTable } from "../kernel_files.ts";
import { networkFilesystemOf } from "../mounts.ts";

const MAGIC = "SQLite format 3\0";

/**
 * Refuses a file that cannot be a queue before SQLite touches it, so that nothing is changed by the attempt.
 *
 * Its calls are synchronous: at the start of a command there is nothing to do meanwhile, and each costs a tenth.
 * It also keeps SQLite from opening the file between our opening and our closing of it; see `open_files.ts`.
 *
 * @throws {QueueNotFoundError} when it, or its directory, is missing
 * @throws {AccessDeniedError} when it may not be read and written
 * @throws {BackendError} when it is no database, or cut short
 * @throws {UnsupportedError} on a network filesystem
 */
export function checkFile(path: string, { create }: { create: boolean }): void {
  const directory = directoryOf(path);
  checkDirectory(path, directory);
  refuseNetworkFilesystem(path, directory);
  if (isOpenHere(path)) return;
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { read: true, write: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw explainOpen(error, path);
    if (create) return;
    throw new QueueNotFoundError(`Cannot open "${path}": there is no such file`, {
      hint: "check the name; `jobq push` makes a queue that does not exist",
    });
  }
  using _ = file;
  checkHeader(file, path);
}

/** The directory part of a path. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : slash === 0 ? "/" : path.slice(0, slash);
}

function checkDirectory(path: string, directory: string): void {
  try {
    if (Deno.statSync(directory).isDirectory) return;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw denied(path, error);
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new QueueNotFoundError(`Cannot open "${path}": the directory "${directory}" does not exist`, {
    hint: `check the name, or make it: mkdir -p ${directory}`,
  });
}

function explainOpen(error: unknown, path: string): Error {
  if (statOf(path)?.isDirectory) {
    return new QueueNotFoundError(`Cannot open "${path}": it is a directory, not a file`, {
      hint: `for a queue in a directory write file:${path}`,
    });
  }
  return denied(path, error);
}

function denied(path: string, cause: unknown): AccessDeniedError {
  return new AccessDeniedError(`Cannot open "${path}": it may not be read and written by this user`, {
    hint: "a queue needs both rights on the file, and write access to its directory",
    cause,
  });
}

/** Offsets and meanings: https://www.sqlite.org/fileformat2.html#the_database_header */
function checkHeader(file: Deno.FsFile, path: string): void {
  const { size } = file.statSync();
  if (size === 0) return;
  const header = new Uint8Array(100);
  const read = file.readSync(header) ?? 0;
  if (read < 100 || new TextDecoder().decode(header.subarray(0, 16)) !== MAGIC) {
    throw new BackendError(`Cannot open "${path}": it is not an SQLite database`, {
      hint: "choose another file; this one was not changed",
    });
  }
  const view = new DataView(header.buffer);
  const pageBytes = view.getUint16(16) === 1 ? 65_536 : view.getUint16(16);
  const pages = view.getUint32(28);
  const pagesAreValid = view.getUint32(24) === view.getUint32(92);
  // Pages that are missing here may still be in the write-ahead log.
  if (pagesAreValid && size < pages * pageBytes && !hasLog(path)) {
    throw new BackendError(`Cannot open "${path}": it is cut short (${size} of ${pages * pageBytes} bytes)`, {
      hint: "restore it from a backup; it was not changed",
    });
  }
}

function hasLog(path: string): boolean {
  return (statOf(`${path}-wal`)?.size ?? 0) > 0;
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}

function refuseNetworkFilesystem(path: string, directory: string): void {
  // Only Linux tells the type without running a program.
  if (Deno.build.os !== "linux") return;
  const type = networkFilesystemOf(
    mountTable(),
    Deno.realPathSync(directory),
  );
  if (type === undefined) return;
  throw new UnsupportedError(
    `Cannot use "${path}" as a queue: it is on a network filesystem (${type}), where SQLite's locks do not hold`,
    { hint: `use a queue in a directory there, which is made for it: file:${directory}/queue` },
  );
}
