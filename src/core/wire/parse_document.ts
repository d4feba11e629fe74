import { type JsonDocument, type JsonNumber, type JsonObject, MAX_DEPTH } from "./json_document.ts";
import { pythonNumber } from "./python_number.ts";

/** The most digits of a whole number. Source: Python's `sys.int_info.default_max_str_digits`. */
export const MAX_DIGITS = 4300;

/** A text is not JSON. The message says what was expected and where, never what is there: it may be secret. */
export class JsonSyntaxError extends SyntaxError {
  /** Counted from 0, in UTF-16 code units. */
  readonly position: number;

  constructor(reason: string, position: number) {
    super(`${reason} at position ${position}`);
    this.name = "JsonSyntaxError";
    this.position = position;
  }
}

/**
 * Reads what Python's `json.loads` reads: also `NaN`, `Infinity`, `-Infinity` and halves of surrogate pairs.
 *
 * @throws {JsonSyntaxError} for anything else, more than `MAX_DEPTH` levels and more than `MAX_DIGITS` digits
 */
export function parseDocument(text: string): JsonDocument {
  const cursor: Cursor = { text, position: 0 };
  skipSpace(cursor);
  const document = readValue(cursor, 0);
  skipSpace(cursor);
  if (cursor.position < text.length) throw expected("the end", cursor);
  return document;
}

/** Where a parse is. */
interface Cursor {
  readonly text: string;
  position: number;
}

const WORDS: readonly (readonly [string, JsonDocument])[] = [
  ["null", null],
  ["true", true],
  ["false", false],
  ["NaN", { number: "NaN" }],
  ["Infinity", { number: "Infinity" }],
  ["-Infinity", { number: "-Infinity" }],
];

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function readValue(cursor: Cursor, depth: number): JsonDocument {
  const { text, position } = cursor;
  switch (text[position]) {
    case '"':
      return readString(cursor);
    case "{":
      return readObject(cursor, depth + 1);
    case "[":
      return readArray(cursor, depth + 1);
  }
  for (const [word, value] of WORDS) {
    if (!text.startsWith(word, position)) continue;
    cursor.position += word.length;
    return value;
  }
  return readNumber(cursor);
}

function readNumber(cursor: Cursor): JsonNumber {
  NUMBER.lastIndex = cursor.position;
  const [literal] = NUMBER.exec(cursor.text) ?? [];
  if (literal === undefined) throw expected("a value", cursor);
  const number = pythonNumber(literal);
  if (number.length > MAX_DIGITS + (number.startsWith("-") ? 1 : 0)) {
    throw new JsonSyntaxError(`a whole number of more than ${MAX_DIGITS} digits`, cursor.position);
  }
  cursor.position += literal.length;
  return { number };
}

function readString(cursor: Cursor): string {
  const { text, position: start } = cursor;
  let isEscaped = false;
  for (let end = start + 1; end < text.length; end++) {
    const unit = text.charCodeAt(end);
    if (unit === QUOTE) {
      cursor.position = end + 1;
      return isEscaped ? unescape(cursor, start) : text.slice(start + 1, end);
    }
    if (unit < SPACE) throw new JsonSyntaxError("a control character in a string", end);
    if (unit === BACKSLASH) {
      isEscaped = true;
      end++;
    }
  }
  throw new JsonSyntaxError("a string without an end", start);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** JavaScript knows the same escapes as Python. Its error is dropped: it quotes the text. */
function unescape({ text, position }: Cursor, start: number): string {
  try {
    return JSON.parse(text.slice(start, position)) as string;
  } catch {
    throw new JsonSyntaxError("a bad escape in the string", start);
  }
}

function readArray(cursor: Cursor, depth: number): readonly JsonDocument[] {
  enter(cursor, depth);
  const items: JsonDocument[] = [];
  if (take(cursor, "]")) return items;
  do items.push(readValue(cursor, depth)); while (takeComma(cursor, "]"));
  return items;
}

function readObject(cursor: Cursor, depth: number): JsonObject {
  enter(cursor, depth);
  const entries = new Map<string, JsonDocument>();
  if (take(cursor, "}")) return entries;
  do {
    if (cursor.text[cursor.position] !== '"') throw expected("a key in double quotes", cursor);
    const key = readString(cursor);
    skipSpace(cursor);
    if (!take(cursor, ":")) throw expected('":"', cursor);
    entries.set(key, readValue(cursor, depth));
  } while (takeComma(cursor, "}"));
  return entries;
}

/** Steps over an opening bracket. */
function enter(cursor: Cursor, depth: number): void {
  if (depth > MAX_DEPTH) throw new JsonSyntaxError(`nested deeper than ${MAX_DEPTH} levels`, cursor.position);
  cursor.position++;
  skipSpace(cursor);
}

/** Steps over what comes after an item: true for a comma, false for the bracket that closes. */
function takeComma(cursor: Cursor, closing: string): boolean {
  skipSpace(cursor);
  if (take(cursor, ",")) return true;
  if (cursor.text[cursor.position] !== closing) throw expected(`"," or "${closing}"`, cursor);
  cursor.position++;
  return false;
}

/** Steps over the mark and the space after it, if the mark is there. */
function take(cursor: Cursor, mark: string): boolean {
  if (cursor.text[cursor.position] !== mark) return false;
  cursor.position++;
  skipSpace(cursor);
  return true;
}

function skipSpace(cursor: Cursor): void {
  for (; " \t\n\r".includes(cursor.text[cursor.position] ?? "x"); cursor.position++);
}

function expected(what: string, { position }: Cursor): JsonSyntaxError {
  return new JsonSyntaxError(`expected ${what}`, position);
}
