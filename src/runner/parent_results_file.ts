import { BackendError, errorMessage } from "../core/errors.ts";
import type { ParentResults } from "../core/queue.ts";

/** What `$JOBQ_PARENT_RESULTS` names; disposing removes it. */
export interface ParentResultsFile extends AsyncDisposable {
  readonly path: string;
}

/**
 * Writes the results of a job's parents as one JSON object.
 *
 * @throws {BackendError} when this machine cannot keep them, which is not the job's fault
 */
export async function writeParentResults(
  directory: string,
  name: string,
  results: ParentResults,
): Promise<ParentResultsFile> {
  const path = `${directory}/${name}`;
  const remove = () => Deno.remove(path, { recursive: true }).catch(() => {});
  try {
    // Another job may have removed the directory.
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(path, ReadableStream.from(jsonPieces(results)), { mode: 0o600 });
  } catch (error) {
    await remove();
    throw new BackendError(`Cannot write down the results of a job's parents: ${errorMessage(error)}`, {
      hint: "check the space in this machine's temporary directory",
      cause: error,
    });
  }
  return { path, [Symbol.asyncDispose]: remove };
}

/** About as much is written at a time, in characters. */
const PIECE_LENGTH = 1024 * 1024;

/** As `JSON.stringify`, in pieces: all results of many parents can be longer than a text may be. */
function* jsonPieces(results: ParentResults): Generator<string> {
  let piece = "{";
  let separator = "";
  for (const [id, result] of Object.entries(results)) {
    piece += `${separator}${JSON.stringify(id)}:${JSON.stringify(result)}`;
    separator = ",";
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = "";
  }
  yield `${piece}}`;
}
