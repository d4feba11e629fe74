import type { JobId } from "../../core/job.ts";
import type { Files } from "./files.ts";
import { childrenDirectory, edgePath, idOfKey, type Key, keyOfId, readKey, uniqueKeyPath } from "./names.ts";

/** Notes that a job waits for another one. */
export function addEdge(files: Files, parent: Key, child: Key): void {
  files.open(edgePath(parent, child)).close();
}

/** Whether jobs wait, or waited, for this one. */
export function hasChildren(files: Files, parent: Key): boolean {
  return files.exists(childrenDirectory(parent));
}

/** The jobs that wait, or waited, for this one, in the order in which they were pushed; some may be gone. */
export function childKeys(files: Files, parent: Key): Key[] {
  const directory = childrenDirectory(parent);
  return files.names(directory).flatMap((page) =>
    files.names(`${directory}/${page}`).filter((name) => readKey(name) !== undefined)
  );
}

export function removeEdge(files: Files, parent: Key, child: Key): void {
  const path = edgePath(parent, child);
  if (!files.remove(path)) return;
  const page = path.slice(0, path.lastIndexOf("/"));
  if (files.removeIfEmpty(page)) files.removeIfEmpty(childrenDirectory(parent));
}

export function removeEdges(files: Files, parent: Key): void {
  if (hasChildren(files, parent)) files.removeAll(childrenDirectory(parent));
}

/** The job that was pushed last with a unique key; it may have finished, or be gone. */
export function holderOfUniqueKey(files: Files, key: string): JobId | undefined {
  const [id, ...rest] = files.read(uniqueKeyPath(key))?.split("\n") ?? [];
  // Without the end of the line, it is not whole.
  return id !== undefined && rest.length > 0 && keyOfId(id) !== undefined ? id : undefined;
}

export function noteUniqueKey(files: Files, key: string, job: Key): void {
  const path = uniqueKeyPath(key);
  files.makeDirectory(path.slice(0, path.lastIndexOf("/")));
  files.replace(path, `${idOfKey(job)}\n`);
}

/** Removes the note that this job has the key. */
export function forgetUniqueKey(files: Files, key: string, job: Key): void {
  if (holderOfUniqueKey(files, key) === idOfKey(job)) files.remove(uniqueKeyPath(key));
}
