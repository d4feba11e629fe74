import { errorMessage } from "../../core/errors.ts";
import { isFinished, type JobId, type JsonValue } from "../../core/job.ts";
import { randomId } from "../../core/random_id.ts";
import type { Entry } from "../job_graph/entry.ts";
import { beginExecution, endExecution, makePending } from "../job_graph/life.ts";
import type { DirectoryContext } from "./context.ts";
import { HolderFolder, newToken } from "./holder_folder.ts";
import { decodeJob, encodeChange } from "./job_file.ts";
import { type Key, movingName, readDelayed, readDone, readLeased, resultPath } from "./names.ts";
import { type Location, placeOf } from "./places.ts";

/** Results that are longer than this have a file of their own, in characters of JSON: those who list jobs need not read them. */
const MAX_INLINE_RESULT = 16_384;

/** A job, as its file and the file's place tell it. */
export interface LoadedJob {
  readonly entry: Entry;
  readonly location: Location;
  /** Of its file, which only grows: while it is the same, nobody has changed the job. */
  readonly length: number;
  /** The lease of its newest execution. */
  readonly token?: string;
}

/**
 * Reads a job.
 *
 * @param options.maxResultBytes a result that has a file of its own is read up to this size; default not at all
 * @returns undefined when its file is not there any more, or is none */
export function loadJob(
  { files, time }: Pick<DirectoryContext, "files" | "time">,
  location: Location,
  { maxResultBytes = 0, text = files.readAny(location.path) }: { maxResultBytes?: number; text?: string } =
    {},
): LoadedJob | undefined {
  if (text === undefined) return undefined;
  const stored = decodeJob(location.key, text);
  if (stored === undefined) return undefined;
  const { entry, token, resultFile } = stored;
  if (resultFile !== undefined && (files.stat(resultFile)?.size ?? Infinity) <= maxResultBytes) {
    entry.result = parseResult(files.readAny(resultFile));
  }
  // The line that told of the last change may be lost; the name is not.
  fit(entry, { location, token, now: time.now() });
  if (entry.state === "running" && location.holder !== undefined) lookAtLease({ files }, entry, location);
  return { entry, location, length: text.length, token };
}

/** What cannot be read is no result. */
function parseResult(text: string | undefined): JsonValue | undefined {
  try {
    return text === undefined ? undefined : JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** Why a file cannot be a job's; undefined when it is one, or is not there. */
export function faultOf(
  { files }: Pick<DirectoryContext, "files">,
  { key, path }: Location,
): string | undefined {
  try {
    const text = files.read(path);
    if (text === undefined) return files.exists(path) ? "it is a link to nowhere" : undefined;
    if (decodeJob(key, text) !== undefined) return undefined;
    return text.trim() === "" ? "it is empty" : "its first line does not describe this job";
  } catch (error) {
    return errorMessage(error);
  }
}

/** Puts a file aside that is no job's, so that nobody comes across it again. */
export function setAside({ files, log, name }: DirectoryContext, path: string, reason: string): void {
  const own = path.slice(path.lastIndexOf("/") + 1);
  const stem = encodeURIComponent((own.split(".")[0] ?? "").toWellFormed()).slice(0, 100);
  const place = `broken/${stem}.${randomId(6)}`;
  if (!files.move(path, place)) return;
  log.warn(`a file of the queue is not a job and was put aside: ${reason}`, {
    file: files.path(place),
    queue: name,
  });
}

/** Takes a job to change it. @returns its new path; undefined when somebody else has it */
export function take({ files, holder, time }: DirectoryContext, { key, path }: Location): string | undefined {
  const own = holder.path(movingName(key, newToken(), time.now()));
  return files.move(path, own) ? own : undefined;
}

/** Writes what became of a job that was taken, and puts it where it belongs. */
export async function put(
  context: DirectoryContext,
  path: string,
  entry: Entry,
  satisfiedBefore?: ReadonlySet<JobId>,
): Promise<void> {
  const { files } = context;
  {
    using added = files.append(path, encodeChange(entry, { satisfiedBefore }));
    await added.sync();
  }
  putUnchanged(context, path, entry);
}

/** Puts a job that was taken where it belongs. @returns whether it was there to be put */
export function putUnchanged(
  { files, ready, delayed }: DirectoryContext,
  path: string,
  entry: Entry,
): boolean {
  const place = placeOf(entry);
  if (!files.move(path, place)) return false;
  const directory = place.slice(0, place.lastIndexOf("/"));
  if (place.startsWith("ready/")) ready.put(directory);
  if (place.startsWith("delayed/")) delayed.put(directory);
  return true;
}

/** Writes a large result to a file of its own. @returns its path; undefined when the result goes into the job's file */
export async function keepResult(
  { files }: DirectoryContext,
  result: JsonValue | undefined,
  { key, token }: { key: Key; token: string },
): Promise<string | undefined> {
  const text = result === undefined ? "" : JSON.stringify(result);
  if (text.length <= MAX_INLINE_RESULT) return undefined;
  const path = resultPath(key, token);
  await files.write(path, text);
  await files.syncDirectory(path.slice(0, path.lastIndexOf("/")));
  return path;
}

/** Makes the job what the place of its file says that it is. */
function fit(
  entry: Entry,
  { location: { state, path, takenFrom = path }, token, now }: {
    location: Location;
    token: string | undefined;
    now: number;
  },
): void {
  const name = takenFrom.slice(takenFrom.lastIndexOf("/") + 1);
  if (state === undefined) return;
  if (state === "running") return fitRunning(entry, name, token);
  if (entry.state === "running") endExecution(entry, "lost", { now: entry.updatedAt });
  if (state === "pending") {
    const delay = readDelayed(name);
    if (entry.state !== "pending") makePending(entry, 0, entry.updatedAt);
    // One that is due is ready, and only nobody has moved it yet.
    entry.visibleAt = delay && delay.due > now ? delay.due : undefined;
    if (delay) entry.waitMs = delay.waitMs;
  } else if (isFinished(state)) {
    entry.finishedAt ??= readDone(name)?.finishedAt ?? entry.updatedAt;
    entry.state = state;
    entry.visibleAt = undefined;
  } else entry.state = state;
}

/** @param token the lease of the newest execution that the file tells of */
function fitRunning(entry: Entry, name: string, token: string | undefined): void {
  const leased = readLeased(name);
  // With this lease's execution ended, somebody has said what came of it, and not come to moving the file.
  if (leased === undefined || leased.token === token) return;
  if (entry.state === "running") endExecution(entry, "lost", { now: entry.updatedAt });
  beginExecution(entry, { startedAt: leased.until - leased.waitMs });
  entry.state = "running";
}

function lookAtLease(
  { files }: Pick<DirectoryContext, "files">,
  entry: Entry,
  { path, holder = "" }: Location,
): void {
  const folder = HolderFolder.read(files, holder);
  const seen = folder.leases.find(({ name }) => path.endsWith(`/${name}`));
  if (seen === undefined) return;
  entry.visibleAt = seen.until;
  entry.waitMs = seen.waitMs;
  entry.cancelReason = folder.stopReason(seen.leased);
}
