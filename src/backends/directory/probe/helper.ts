import { errorMessage } from "../../../core/errors.ts";
import { type FileOperations, systemFiles } from "./file_operations.ts";
import { linesOf } from "./lines.ts";
import type { RacePlan } from "./race.ts";
import { LocalSide, type Side, type Sight } from "./side.ts";

/** A line that the second process reads. */
export type Request =
  | { readonly id: number; readonly call: "race"; readonly argument: RacePlan }
  | { readonly id: number; readonly call: "look"; readonly argument: readonly Sight[] }
  | { readonly id: number; readonly call: "lock" | "unlock"; readonly argument: string };

/** A line that it writes, one for each that it read. */
export type Answer =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string };

/**
 * The second process of `jobq doctor`: does what the lines of its input ask for, one after the other, and answers a
 * line to each, until the input ends.
 */
export async function serveHelper(
  input: ReadableStream<Uint8Array>,
  write: (line: string) => Promise<void>,
  files: FileOperations = systemFiles,
): Promise<void> {
  using side = new LocalSide(files);
  for await (const line of linesOf(input)) {
    await write(`${JSON.stringify(await answerTo(JSON.parse(line) as Request, side))}\n`);
  }
}

async function answerTo(request: Request, side: Side): Promise<Answer> {
  const { id } = request;
  try {
    return { id, answer: await perform(request, side) ?? null };
  } catch (error) {
    return { id, error: errorMessage(error) };
  }
}

function perform(request: Request, side: Side): Promise<unknown> {
  switch (request.call) {
    case "race":
      return side.race(request.argument);
    case "look":
      return side.look(request.argument);
    case "lock":
      return side.lock(request.argument);
    case "unlock":
      return side.unlock(request.argument);
    default:
      return request satisfies never;
  }
}
