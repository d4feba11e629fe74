import { UsageError } from "../core/errors.ts";
import { concat } from "./bytes.ts";

/** A line of the input, counted from 1, without its end. */
export interface InputLine {
  readonly number: number;
  readonly text: string;
  /** The input ended before the line did. */
  readonly isUnended?: true;
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

const LF = 10;
const CR = 13;
/** Some editors begin a file with it. */
const BYTE_ORDER_MARK = "\uFEFF";
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Splits a stream of bytes into lines (LF or CRLF), and answers those that are there as soon as they are there:
 * one array for each piece that arrives. Blank lines are counted and left out. Before an error is thrown, the lines
 * before it are answered.
 *
 * @throws {InputLineError} for a line that is too long or not UTF-8
 */
export async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<readonly InputLine[]> {
  let before = 0;
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of stream) {
    const all = rest.length > 0 ? concat([rest, chunk]) : chunk;
    const end = all.lastIndexOf(LF) + 1;
    const block = splitBlock(all.subarray(0, end), before);
    if (block.lines.length > 0) yield block.lines;
    if (block.failure !== undefined) throw block.failure;
    before = block.last;
    rest = all.slice(end);
    if (rest.length > MAX_LINE_BYTES) throw tooLong(before + 1);
  }
  const block = splitBlock(rest, before);
  // What is left over has no line end, and so is one line at most.
  if (block.lines.length > 0) yield block.lines.map((line) => ({ ...line, isUnended: true }));
  if (block.failure !== undefined) throw block.failure;
}

interface Block {
  readonly lines: readonly InputLine[];
  /** The number of the last line that was looked at. */
  readonly last: number;
  readonly failure?: InputLineError;
}

/** Splits bytes that end where a line ends; `before` is the number of the line before them. */
function splitBlock(bytes: Uint8Array, before: number): Block {
  // Decoding all at once is several times as fast as line by line, which only an error needs.
  const text = bytes.length <= MAX_LINE_BYTES ? decode(bytes) : undefined;
  if (text === undefined) return splitCarefully(bytes, before);
  const texts = text.split("\n");
  if (texts.at(-1) === "") texts.pop();
  const lines: InputLine[] = [];
  texts.forEach((line, index) => addLine(lines, before + index + 1, line));
  return { lines, last: before + texts.length };
}

function splitCarefully(bytes: Uint8Array, before: number): Block {
  const lines: InputLine[] = [];
  let last = before;
  for (let start = 0; start < bytes.length;) {
    const lf = bytes.indexOf(LF, start);
    const end = lf < 0 ? bytes.length : lf;
    last++;
    if (end - start > MAX_LINE_BYTES) return { lines, last, failure: tooLong(last) };
    const text = decode(bytes.subarray(start, end));
    if (text === undefined) return { lines, last, failure: new InputLineError(last, "it is not UTF-8") };
    addLine(lines, last, text);
    start = end + 1;
  }
  return { lines, last };
}

function addLine(lines: InputLine[], number: number, text: string): void {
  const start = number === 1 && text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  const line = text.slice(start, text.charCodeAt(text.length - 1) === CR ? -1 : undefined);
  if (line.trim() !== "") lines.push({ number, text: line });
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function tooLong(number: number): InputLineError {
  return new InputLineError(number, `it is longer than ${MAX_LINE_BYTES} bytes`);
}
