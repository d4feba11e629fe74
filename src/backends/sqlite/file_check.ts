import { AccessDeniedError, BackendError, QueueNotFoundError, UnsupportedError } from "../../core/errors.ts";
import { networkFilesystemOf } from "./network_filesystem.ts";

const MAGIC = "SQLite format 3\0";

/**
 * Refuses a file that cannot be a queue before SQLite touches it, so that nothing is changed by the attempt.
 *
 * @returns whether the file exists
 * @throws {QueueNotFoundError} when it, or its directory, is missing
 * @throws {AccessDeniedError} when it may not be read and written
 * @throws {BackendError} when it is no database, or cut short
 * @throws {UnsupportedError} on a network filesystem
 */
export async function checkFile(path: string, { create }: { create: boolean }): Promise<boolean> {
  const directory = directoryOf(path);
  await checkDirectory(path, directory);
  await refuseNetworkFilesystem(path, directory);
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true, write: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw await explainOpen(error, path);
    if (create) return false;
    throw new QueueNotFoundError(`Cannot open "${path}": there is no such file`, {
      hint: "check the name; `jobq push` makes a queue that does not exist",
    });
  }
  using _ = file;
  await checkHeader(file, path);
  return true;
}

/** The directory part of a path. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : slash === 0 ? "/" : path.slice(0, slash);
}

async function checkDirectory(path: string, directory: string): Promise<void> {
  try {
    if ((await Deno.stat(directory)).isDirectory) return;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw denied(path, error);
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new QueueNotFoundError(`Cannot open "${path}": the directory "${directory}" does not exist`, {
    hint: `check the name, or make it: mkdir -p ${directory}`,
  });
}

async function explainOpen(error: unknown, path: string): Promise<Error> {
  const stat = await Deno.stat(path).catch(() => undefined);
  if (stat?.isDirectory) {
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
async function checkHeader(file: Deno.FsFile, path: string): Promise<void> {
  const { size } = await file.stat();
  if (size === 0) return;
  const header = new Uint8Array(100);
  const read = await file.read(header) ?? 0;
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
  if (pagesAreValid && size < pages * pageBytes && !await hasLog(path)) {
    throw new BackendError(`Cannot open "${path}": it is cut short (${size} of ${pages * pageBytes} bytes)`, {
      hint: "restore it from a backup; it was not changed",
    });
  }
}

async function hasLog(path: string): Promise<boolean> {
  const stat = await Deno.stat(`${path}-wal`).catch(() => undefined);
  return stat !== undefined && stat.size > 0;
}

async function refuseNetworkFilesystem(path: string, directory: string): Promise<void> {
  // Only Linux tells the type without running a program.
  if (Deno.build.os !== "linux") return;
  const [mountinfo, real] = await Promise.all([
    Deno.readTextFile("/proc/self/mountinfo"),
    Deno.realPath(directory),
  ])
    .catch(() => ["", ""] as const);
  const type = networkFilesystemOf(mountinfo, real);
  if (type === undefined) return;
  throw new UnsupportedError(
    `Cannot use "${path}" as a queue: it is on a network filesystem (${type}), where SQLite's locks do not hold`,
    { hint: `use a queue in a directory there, which is made for it: file:${directory}/queue` },
  );
}
