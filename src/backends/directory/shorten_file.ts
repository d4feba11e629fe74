import { randomId } from "../../core/random_id.ts";
import type { DirectoryContext } from "./context.ts";
import { newToken } from "./holder_folder.ts";
import { readChangeLine } from "./job_file.ts";
import { type Key, movingName } from "./names.ts";

/** So many superseded lines may be in a file. */
const MAX_SUPERSEDED = 64;

/**
 * Takes out of a job's file what was written of executions that its gate refused, once that is much: a job may go round
 * for days. The file is replaced only after it was renamed, by which it is known to be ours.
 *
 * @param execution the number of the newest execution
 * @returns the file's path now
 */
export async function shortenFile(
  { files, holder, time }: DirectoryContext,
  path: string,
  { key, execution }: { key: Key; execution: number },
): Promise<string> {
  const text = withoutRefused(files.read(path) ?? "", execution);
  if (text === undefined) return path;
  const temporary = `tmp/${randomId(16)}`;
  await files.write(temporary, text);
  const own = holder.path(movingName(key, newToken(), time.now()));
  if (files.move(path, own)) files.move(temporary, own);
  else files.remove(temporary);
  return own;
}

/**
 * A job's file without the lines about an execution that the last one of them supersedes; undefined when these are few.
 *
 * @param execution the number of the newest execution, which runs
 */
function withoutRefused(text: string, execution: number): string | undefined {
  const lines = text.split("\n");
  const changes = lines.map((line, index) => index === 0 ? undefined : readChangeLine(line));
  const last = changes.findLastIndex((change) => change?.execution?.number === execution);
  const kept = lines.filter((_, index) => {
    const change = changes[index];
    // What is told of parents is told only once.
    return index === last || change?.execution?.number !== execution ||
      change.satisfied !== undefined || change.unsatisfied !== undefined;
  });
  return lines.length - kept.length > MAX_SUPERSEDED ? kept.join("\n") : undefined;
}
