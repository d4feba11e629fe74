import { errorMessage } from "../core/errors.ts";
import type { JsonValue } from "../core/job.ts";
import { resultProblem, sizeProblem } from "../core/result.ts";

/** What a job left in `$JOBQ_RESULT`: a value, a problem that says why there is none, or neither. */
export interface ResultFile {
  readonly value?: JsonValue;
  readonly problem?: string;
}

/** Reads and removes the file of this name, which may have so many bytes. */
export async function readResult(directory: string, name: string, maxBytes?: number): Promise<ResultFile> {
  // Most jobs leave nothing, and a look at the directory costs a tenth of an error from a missing file.
  if (!list(directory).includes(name)) return {};
  const path = `${directory}/${name}`;
  try {
    const file = await Deno.lstat(path);
    if (!file.isFile) return { problem: "what it left is not a file" };
    const tooLarge = sizeProblem(file.size, maxBytes);
    return tooLarge === undefined ? parse(await Deno.readTextFile(path), maxBytes) : { problem: tooLarge };
  } catch (error) {
    return { problem: `it cannot be read: ${errorMessage(error)}` };
  } finally {
    await Deno.remove(path, { recursive: true }).catch(() => {});
  }
}

function parse(text: string, maxBytes?: number): ResultFile {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    return { problem: `it is not JSON: ${errorMessage(error)}` };
  }
  // Written anew, as the queue keeps it, it may be longer.
  const problem = resultProblem(value, maxBytes);
  return problem === undefined ? { value } : { problem };
}

function list(directory: string): string[] {
  try {
    return Array.from(Deno.readDirSync(directory), (entry) => entry.name);
  } catch {
    remake(directory);
    return [];
  }
}

/** A job removed the directory, and the next ones need it again. If it cannot be had, they have no results; this one is done all the same. */
function remake(directory: string): void {
  try {
    Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch {
    // The write of a job that wants a result fails, and says so in its output.
  }
}
