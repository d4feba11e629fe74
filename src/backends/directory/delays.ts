import { priorityOf } from "../job_graph/entry.ts";
import type { DirectoryContext } from "./context.ts";
import { delayedPath, dueFrom, readDelayed, readyDirectory } from "./names.ts";
import type { Leaf } from "./ordered_tree.ts";
import { loadJob, setAside } from "./stored_jobs.ts";

/** The most jobs that are made ready at a time; the others are, when somebody asks for a job again. */
const MAX_AT_A_TIME = 256;

/** Hosts differ by less than this in what they take for the filesystem's time, in ms. */
const SLACK_MS = 3_000;

/** Makes the jobs ready whose time has come. */
export function endDelays(context: DirectoryContext, { isFresh = false }: { isFresh?: boolean } = {}): void {
  const { delayed, time } = context;
  const now = time.now();
  let count = 0;
  const isWanted = (path: string) => path.split("/").length > 2 || dueFrom(path) <= now;
  for (const leaf of delayed.leaves({ isFresh, isWanted, onEmpty: (empty) => delayed.prune(empty) })) {
    const name = readDelayed(leaf.name);
    if (name === undefined) setAside(context, pathOf(leaf), "its name is not one that jobq gives");
    else if (name.due <= now && count++ < MAX_AT_A_TIME) makeReady(context, leaf);
    if (count === MAX_AT_A_TIME) return;
  }
}

function makeReady(context: DirectoryContext, leaf: Leaf): void {
  const { files, ready, delayed } = context;
  const key = readDelayed(leaf.name)?.key ?? "";
  const path = pathOf(leaf);
  const loaded = loadJob(context, { key, path, state: "pending" });
  if (loaded === undefined) {
    if (files.exists(path)) setAside(context, path, "it does not describe a job");
    return;
  }
  const directory = readyDirectory(key, priorityOf(loaded.entry));
  if (!files.move(path, `${directory}/${key}`)) return;
  delayed.took(leaf);
  ready.put(directory);
}

/** When the first delay ends; undefined when there is none. May be too late by the time in which delays share a directory. */
export function nextDue({ delayed }: DirectoryContext): number | undefined {
  for (const { name } of delayed.leaves()) return readDelayed(name)?.due;
  return undefined;
}

/** Ends delays earlier that have become longer than they ever were, because the clock was set back. */
export function shortenDelays({ delayed, files, time }: DirectoryContext): void {
  const now = time.now();
  for (const leaf of delayed.leaves({ isFresh: true })) {
    const name = readDelayed(leaf.name);
    if (name === undefined || name.due <= now + name.waitMs + SLACK_MS) continue;
    const due = now + name.waitMs;
    const path = delayedPath(name.key, due, name.waitMs);
    files.move(pathOf(leaf), path);
    delayed.put(path.slice(0, path.lastIndexOf("/")));
  }
}

function pathOf({ directory, name }: Leaf): string {
  return `${directory}/${name}`;
}
