import {
  AccessDeniedError,
  BackendError,
  QueueNotFoundError,
  UnsupportedError,
  UsageError,
} from "../../core/errors.ts";
import { randomId } from "../../core/random_id.ts";
import { again } from "./fs_calls.ts";
import { codeOf, explain, isDenied, isMissing } from "./fs_errors.ts";

/** What says that a directory is a queue, and how its files are laid out. */
export const LAYOUT_FILE = "layout.json";

const FORMAT = "jobq directory";
const VERSION = 1;
const GROUP_WRITE = 0o020;
const DIRECTORIES: readonly string[] = [
  "tmp",
  "batches",
  "ready",
  "delayed",
  "blocked",
  "children",
  "held",
  "done",
  "locks",
  "workers",
];
const PROBES = /^\.jobq-doctor-/;

/**
 * Makes sure that a directory is a queue of ours, or makes it one.
 *
 * @throws {QueueNotFoundError} when it, or the directory that it is to be in, is missing
 * @throws {UsageError} when it holds something else
 * @throws {UnsupportedError} when a newer jobq made it
 * @throws {AccessDeniedError} when it may not be read and written
 */
export function findLayout(root: string, { create, name }: { create: boolean; name: string }): void {
  const text = readLayout(root, name);
  if (text !== undefined) return assertKnown(text, name);
  if (!create) {
    throw new QueueNotFoundError(`Cannot open "${name}": there is no queue in that directory`, {
      hint: "check the name; `jobq push` makes a queue that does not exist",
    });
  }
  makeLayout(root, name);
}

/** Whether others of the group may write to it. */
export function isSharedByGroup(root: string): boolean {
  return ((again(() => Deno.statSync(root)).mode ?? 0) & GROUP_WRITE) !== 0;
}

function readLayout(root: string, name: string): string | undefined {
  try {
    return again(() => Deno.readTextFileSync(`${root}/${LAYOUT_FILE}`));
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (codeOf(error) === "ENOTDIR") {
      throw new QueueNotFoundError(`Cannot open "${name}": it is a file, not a directory`, {
        hint: `for a queue in an SQLite file write sqlite:${root}`,
        cause: error,
      });
    }
    throw explain(error, "open", name);
  }
}

function assertKnown(text: string, name: string): void {
  let layout: { readonly format?: unknown; readonly version?: unknown };
  try {
    layout = JSON.parse(text) ?? {};
  } catch {
    layout = {};
  }
  const { format, version } = layout;
  if (format !== FORMAT || typeof version !== "number") {
    throw new BackendError(`Cannot open "${name}": its ${LAYOUT_FILE} is damaged, or not jobq's`, {
      hint: `if this is a queue, write {"format":"${FORMAT}","version":${VERSION}} into that file`,
    });
  }
  if (version > VERSION) {
    throw new UnsupportedError(
      `Cannot open "${name}": a newer jobq made it (layout ${version}, this one knows ${VERSION})`,
      {
        hint: "use that jobq here, too; nothing was changed",
      },
    );
  }
}

function makeLayout(root: string, name: string): void {
  try {
    makeRoot(root, name);
    assertEmpty(root, name);
    const isShared = isSharedByGroup(root);
    for (const directory of DIRECTORIES) makeDirectory(`${root}/${directory}`, isShared);
    makeBaton(root, isShared);
    // Last, so that whoever finds it finds the rest.
    const temporary = `${root}/tmp/${randomId(16)}`;
    makeFile(temporary, `${JSON.stringify({ format: FORMAT, version: VERSION })}\n`, isShared);
    moveOver(temporary, `${root}/${LAYOUT_FILE}`);
  } catch (error) {
    if (isDenied(error)) {
      throw new AccessDeniedError(`Cannot make a queue in "${name}": this user may not write there`, {
        hint: "choose a directory of yours, or have its owner make it writable for your group",
        cause: error,
      });
    }
    throw explain(error, "make a queue in", name);
  }
}

/** Who makes the same queue at this moment may have it in hand already. */
function makeBaton(root: string, isShared: boolean): void {
  const path = `${root}/locks/baton`;
  if (again(() => Array.from(Deno.readDirSync(`${root}/held`))).length > 0) return;
  try {
    again(() => Deno.openSync(path, { write: true, createNew: true })).close();
    share(path, 0o664, isShared);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function makeRoot(root: string, name: string): void {
  try {
    again(() => Deno.mkdirSync(root));
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    if (!isMissing(error)) throw error;
    const above = root.slice(0, root.lastIndexOf("/")) || "/";
    // On a node where a filesystem is not mounted, a directory of that name would be a queue that nobody else sees.
    throw new QueueNotFoundError(`Cannot open "${name}": the directory "${above}" does not exist`, {
      hint: `check the name, and that the filesystem is mounted here; or make it: mkdir -p '${
        above.replaceAll("'", "'\\''")
      }'`,
      cause: error,
    });
  }
}

/** A file server that was asked twice for it may say that it is gone, once it is done. */
function moveOver(from: string, to: string): void {
  try {
    again(() => Deno.renameSync(from, to));
  } catch (error) {
    if (!isMissing(error)) throw error;
    again(() => Deno.lstatSync(to));
  }
}

/** What others are making at this moment does not count. */
function assertEmpty(root: string, name: string): void {
  const foreign = again(() => Array.from(Deno.readDirSync(root), (entry) => entry.name))
    .find((entry) => !DIRECTORIES.includes(entry) && entry !== LAYOUT_FILE && !PROBES.test(entry));
  if (foreign === undefined) return;
  throw new UsageError(`Cannot make a queue in "${name}": it is not empty ("${foreign}" is in it)`, {
    hint: "name a directory of its own for the queue, which is made if it does not exist",
  });
}

function makeDirectory(path: string, isShared: boolean): void {
  try {
    again(() => Deno.mkdirSync(path));
    share(path, 0o775, isShared);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function makeFile(path: string, text: string, isShared: boolean): void {
  again(() => Deno.writeTextFileSync(path, text));
  share(path, 0o664, isShared);
}

/** Gives the group what the umask kept from it. */
function share(path: string, mode: number, isShared: boolean): void {
  if (isShared && (Deno.umask() & GROUP_WRITE) !== 0) Deno.chmodSync(path, mode);
}
