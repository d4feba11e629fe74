import { FINISHED_STATES, type FinishedState, isFinished, type JobState } from "../../core/job.ts";
import { type Entry, priorityOf } from "../job_graph/entry.ts";
import { durationOf } from "../job_graph/list.ts";
import type { Files } from "./files.ts";
import {
  blockedDirectory,
  delayedPath,
  donePath,
  type Key,
  keyOfId,
  pageOf,
  readDelayed,
  readDone,
  readKey,
  readLeased,
  readMoving,
  readyDirectory,
} from "./names.ts";

/** Where a job's file is, and what that says of the job. */
export interface Location {
  readonly key: Key;
  readonly path: string;
  /** What the place says of the job; undefined while the job is on its way. */
  readonly state: JobState | undefined;
  readonly holder?: string;
  /** Where the file was before it was taken, which tells of the job; else `path` does. */
  readonly takenFrom?: string;
}

/** A job is looked for so often: it may go from one place to another, past the one who looks. */
const ROUNDS = 4;

/** Where a job belongs that is not running. */
export function placeOf(entry: Entry): string {
  const key = keyOfEntry(entry);
  const { state, visibleAt, waitMs, finishedAt = entry.updatedAt, latest } = entry;
  if (isFinished(state)) {
    return donePath(state, { key, finishedAt, durationMs: latest && durationOf(latest) });
  }
  if (state === "blocked") return `${blockedDirectory(key)}/${key}`;
  if (visibleAt !== undefined) return delayedPath(key, visibleAt, waitMs);
  return `${readyDirectory(key, priorityOf(entry))}/${key}`;
}

export function keyOfEntry({ id }: Entry): Key {
  const key = keyOfId(id);
  if (key === undefined) throw new TypeError(`"${id}" is not the id of a job`);
  return key;
}

/** Looks a job up. */
export function locate(files: Files, key: Key): Location | undefined {
  for (let round = 0; round < ROUNDS; round++) {
    const found = inWaiting(files, key) ?? inHeld(files, key) ?? inDone(files, key) ?? inDelayed(files, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

function inWaiting(files: Files, key: Key): Location | undefined {
  const blocked = `blocked/${pageOf(key)}/${key}`;
  return files.exists(blocked) ? { key, path: blocked, state: "blocked" } : inReady(files, key);
}

/** Looks a job up among those that wait for a worker. */
export function inReady(files: Files, key: Key): Location | undefined {
  const page = `${pageOf(key)}/${key}`;
  for (const high of files.names("ready")) {
    for (const low of files.names(`ready/${high}`)) {
      const path = `ready/${high}/${low}/${page}`;
      if (files.exists(path)) return { key, path, state: "pending" };
    }
  }
  return undefined;
}

function inHeld(files: Files, key: Key): Location | undefined {
  for (const holder of files.names("held")) {
    for (const name of files.names(`held/${holder}`)) {
      if (!name.startsWith(`${key}.`)) continue;
      const found = readHeld(holder, name);
      if (found) return found;
    }
  }
  return undefined;
}

function inDelayed(files: Files, key: Key): Location | undefined {
  for (const location of delayedJobs(files)) if (location.key === key) return location;
  return undefined;
}

function inDone(files: Files, key: Key): Location | undefined {
  for (const state of FINISHED_STATES) {
    const page = `done/${state}/${pageOf(key)}`;
    const name = files.names(page).find((name) => name.startsWith(`${key}.`));
    if (name !== undefined) return { key, path: `${page}/${name}`, state };
  }
  return undefined;
}

/** All jobs of a state, in no order. */
export function* jobsIn(files: Files, state: JobState): Generator<Location> {
  switch (state) {
    case "pending":
      yield* readyJobs(files);
      yield* delayedJobs(files);
      return;
    case "blocked":
      yield* pages(files, "blocked", (name, path) => readKey(name) && { key: name, path, state });
      return;
    case "running":
      yield* heldJobs(files);
      return;
    default:
      yield* doneJobs(files, state);
  }
}

export function* readyJobs(files: Files): Generator<Location> {
  for (const high of files.names("ready")) {
    for (const low of files.names(`ready/${high}`)) {
      yield* pages(
        files,
        `ready/${high}/${low}`,
        (name, path) => readKey(name) && { key: name, path, state: "pending" },
      );
    }
  }
}

export function* delayedJobs(files: Files): Generator<Location> {
  for (const high of files.names("delayed")) {
    yield* pages(files, `delayed/${high}`, (name, path) => {
      const key = readDelayed(name)?.key;
      return key && { key, path, state: "pending" };
    });
  }
}

/** Those on their way, too, of which the place does not tell the state. */
export function* heldJobs(files: Files): Generator<Location> {
  for (const holder of files.names("held")) {
    for (const name of files.names(`held/${holder}`)) {
      const found = readHeld(holder, name);
      if (found) yield found;
    }
  }
}

export function* doneJobs(files: Files, state: FinishedState): Generator<Location> {
  yield* pages(files, `done/${state}`, (name, path) => {
    const key = readDone(name)?.key;
    return key && { key, path, state };
  });
}

function readHeld(holder: string, name: string): Location | undefined {
  const path = `held/${holder}/${name}`;
  const leased = readLeased(name);
  if (leased) return { key: leased.key, path, state: "running", holder };
  const moving = readMoving(name);
  return moving && { key: moving.key, path, state: undefined, holder };
}

/** What is in the pages of all groups below a directory. */
function* pages(
  files: Files,
  root: string,
  read: (name: string, path: string) => Location | "" | undefined,
): Generator<Location> {
  for (const group of files.names(root)) {
    for (const page of files.names(`${root}/${group}`)) {
      const directory = `${root}/${group}/${page}`;
      for (const name of files.names(directory)) {
        const found = read(name, `${directory}/${name}`);
        if (found) yield found;
      }
    }
  }
}
