import { UsageError } from "../core/errors.ts";

/** A line of the input, counted from 1, without its end. */
export interface InputLine {
  readonly number: number;
  readonly text: string;
}

/** No line may be longer, in bytes: a job is at most 1 MiB, and a file without line ends must not fill the memory. */
export const MAX_LINE_BYTES = 1024 * 1024 + 64 * 1024;

/** Raised for a line that is none; what came before it is still good. */
export class InputLineError extends UsageError {
  readonly number: number;

  constructor(number: number, reason: string) {
    super(reason);
    this.number = number;
  }
}

/**
 * Splits a stream of bytes into lines (LF or CRLF), and answers those that are there as soon as they are there:
 * one array for each piece that arrives. Blank lines are counted and left out.
 *
 * The last array may end early: then the error of the line after it is thrown on the next call.
 *
 * @throws {InputLineError} for a line that is too long or not UTF-8
 */
export async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<readonly InputLine[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let number = 0;
  let rest = new Uint8Array(0);
  let lines: InputLine[] = [];
  const take = (bytes: Uint8Array) => {
    number++;
    if (bytes.length > MAX_LINE_BYTES) throw tooLong(number);
    const text = decodeLine(decoder, bytes, number);
    if (text.trim() !== "") lines.push({ number, text });
  };
  for await (const chunk of stream) {
    let start = 0;
    let failure: unknown;
    try {
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
        take(rest.length > 0 ? join(rest, chunk.subarray(start, end)) : chunk.subarray(start, end));
        rest = new Uint8Array(0);
        start = end + 1;
      }
      rest = join(rest, chunk.subarray(start));
      if (rest.length > MAX_LINE_BYTES) throw tooLong(number + 1);
    } catch (error) {
      failure = error;
    }
    if (lines.length > 0) yield lines;
    lines = [];
    if (failure !== undefined) throw failure;
  }
  if (rest.length > 0) take(rest);
  if (lines.length > 0) yield lines;
}

function decodeLine(decoder: TextDecoder, bytes: Uint8Array, number: number): string {
  try {
    return decoder.decode(bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes);
  } catch {
    throw new InputLineError(number, "it is not UTF-8");
  }
}

function tooLong(number: number): InputLineError {
  return new InputLineError(number, `it is longer than ${MAX_LINE_BYTES} bytes`);
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
