import type { OutputStream } from "./io.ts";

/** About as much is handed over at a time, in characters. */
const PIECE_LENGTH = 64 * 1024;

/** Writes lines in pieces, so that the whole of a long list is never in memory; stops when nobody reads any more. */
export async function printLines(stream: OutputStream, lines: Iterable<string>): Promise<void> {
  let piece = "";
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < PIECE_LENGTH) continue;
    await stream.write(piece);
    if (stream.closed) return;
    piece = "";
  }
  if (piece !== "") await stream.write(piece);
}

/** Writes an object a line. */
export function printJson<T>(
  stream: OutputStream,
  items: Iterable<T>,
  toJson: (item: T) => Readonly<Record<string, unknown>>,
): Promise<void> {
  return printLines(stream, jsonLines(items, toJson));
}

function* jsonLines<T>(
  items: Iterable<T>,
  toJson: (item: T) => Readonly<Record<string, unknown>>,
): Generator<string> {
  for (const item of items) yield JSON.stringify(toJson(item));
}
