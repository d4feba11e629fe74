import { randomId } from "../../core/random_id.ts";
import type { DirectoryContext } from "./context.ts";
import type { NewFile } from "./push.ts";
import { setAside } from "./stored_jobs.ts";

/*
 * Jobs that are pushed together are first written to a directory of their own, batches/<name>.new. Once that is called
 * batches/<name>, the push has happened, whatever comes: their files are then moved to where they belong, by the one who
 * pushes, or if that one dies, by any worker.
 */

/** The place of a new job, in one name. */
const PLACE = /^(?:ready|delayed|blocked|done!cancelled)(?:!\d+)+!\d{15}-[0-9a-z]+(?:\.[0-9a-z]*)*$/;

/** Files in one directory of a batch. */
const PART = 256;
/** Files that are written at the same time. */
const AT_A_TIME = 16;

/** Whose pusher did not place them within this time is dead or stands still, in ms. */
const LEFT_MS = 10_000;
/** What is older was never to be finished, in ms. */
const ABANDONED_MS = 86_400_000;

/** Makes files of a push: all of them, or none. When it resolves, they survive a power loss. */
export async function placeBatch(context: DirectoryContext, files: readonly NewFile[]): Promise<void> {
  const [first] = files;
  if (first === undefined) return;
  if (files.length === 1) await placeOne(context, first);
  else await placeMany(context, files);
}

async function placeOne(
  { files, ready, delayed }: DirectoryContext,
  { place, text }: NewFile,
): Promise<void> {
  const temporary = `tmp/${randomId(16)}`;
  try {
    await files.write(temporary, text);
    files.move(temporary, place);
  } catch (error) {
    files.removeAll(temporary);
    throw error;
  }
  const directory = directoryOf(place);
  ready.put(directory);
  delayed.put(directory);
  await files.syncDirectory(directory);
}

async function placeMany(context: DirectoryContext, files: readonly NewFile[]): Promise<void> {
  const batch = `batches/${randomId(16)}`;
  const unfinished = `${batch}.new`;
  try {
    const paths = files.map(({ place }, index) => `${unfinished}/${Math.floor(index / PART)}/${flat(place)}`);
    for (let start = 0; start < files.length; start += AT_A_TIME) {
      const some = files.slice(start, start + AT_A_TIME);
      await Promise.all(some.map(({ text }, index) => context.files.write(paths[start + index] ?? "", text)));
    }
    for (const directory of new Set(paths.map(directoryOf))) await context.files.syncDirectory(directory);
    context.files.move(unfinished, batch);
    await context.files.syncDirectory("batches");
  } catch (error) {
    context.files.removeAll(unfinished);
    throw error;
  }
  try {
    scatter(context, batch);
  } catch (error) {
    // They are pushed, and come to their places by and by.
    context.log.warn("jobs that were pushed can be run a little later", { reason: String(error) });
  }
}

/** Places what a pusher left unplaced, and removes what was left unfinished. */
export function finishBatches(context: DirectoryContext): void {
  const { files, time } = context;
  for (const name of files.names("tmp")) {
    const mtime = files.stat(`tmp/${name}`)?.mtime?.getTime() ?? Infinity;
    if (time.now() - mtime > ABANDONED_MS) files.removeAll(`tmp/${name}`);
  }
  for (const name of files.names("batches")) {
    const age = time.now() - (files.stat(`batches/${name}`)?.mtime?.getTime() ?? Infinity);
    if (age <= (name.endsWith(".new") ? ABANDONED_MS : LEFT_MS)) continue;
    if (name.endsWith(".new")) files.removeAll(`batches/${name}`);
    else scatter(context, `batches/${name}`);
  }
}

/** Moves the files of a batch to their places. Several may do so at the same time. */
function scatter(context: DirectoryContext, batch: string): void {
  const { files, ready, delayed } = context;
  for (const part of files.names(batch)) {
    for (const name of files.names(`${batch}/${part}`)) {
      if (!PLACE.test(name)) {
        setAside(context, `${batch}/${part}/${name}`, "its name is not one that jobq gives");
        continue;
      }
      const place = name.replaceAll("!", "/");
      files.move(`${batch}/${part}/${name}`, place);
      ready.put(directoryOf(place));
      delayed.put(directoryOf(place));
    }
    files.removeIfEmpty(`${batch}/${part}`);
  }
  files.removeIfEmpty(batch);
}

function flat(place: string): string {
  return place.replaceAll("/", "!");
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
