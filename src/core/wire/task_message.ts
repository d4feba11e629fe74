import { formatDocument } from "./format_document.ts";
import {
  isJsonObject,
  type JsonDocument,
  jsonNumber,
  type JsonObject,
  wholeNumberOf,
} from "./json_document.ts";
import { JsonSyntaxError, parseDocument } from "./parse_document.ts";
import { WireError } from "./wire_error.ts";

/** A task as it lies on an Azure queue, where the Python tool reads and writes it too. */
export interface TaskMessage {
  /** 1 for a message that names none. */
  readonly version: TaskVersion;
  readonly id: string;
  /** Retries left; none when negative. */
  readonly numRetries: number;
  readonly replyRequested: boolean;
  readonly kwargs: JsonObject;
  /** Only in version 2. */
  readonly gateCommand?: string;
  /** All of the message as received, with the keys that jobq does not know. */
  readonly fields: JsonObject;
}

/** 0 has no `reply_requested`, 2 has a `gate_cmd`. */
export type TaskVersion = 0 | 1 | 2;

/** What a task is made of. */
export interface NewTaskMessage {
  readonly kwargs: JsonObject;
  readonly numRetries: number;
  /** Default false. */
  readonly replyRequested?: boolean;
  /** Given, the message is of version 2. */
  readonly gateCommand?: string;
  /** Default: the MD5 of the message without id and extras, as the Python tool makes it. */
  readonly id?: string;
  /** Further top-level keys, put after `id`; the Python tool ignores them. */
  readonly extras?: JsonObject;
}

/** What the id is made with. */
export interface Hashing {
  /** Lower-case hexadecimal MD5 of a text, which is ASCII. */
  readonly md5: (text: string) => string;
}

const RESERVED: ReadonlySet<string> = new Set([
  "version",
  "reply_requested",
  "kwargs",
  "num_retries",
  "gate_cmd",
  "id",
]);

const DEFAULT_NUM_RETRIES = 5;

/**
 * Writes a task byte for byte as the Python tool would.
 *
 * @throws {WireError} when `numRetries` is not a safe integer, `kwargs` or `extras` are nested too deep, or `extras`
 * has a key of the format itself
 */
export function encodeTaskMessage(
  { extras, ...task }: NewTaskMessage,
  { md5 }: Hashing,
): { id: string; text: string } {
  const head = headOf(task);
  // As in Python, an empty id is none.
  const id = task.id || md5(`${head}}`);
  const tail = extras === undefined || extras.size === 0
    ? ""
    : `, ${formatDocument(checkExtras(extras)).slice(1, -1)}`;
  return { id, text: `${head}, "id": ${formatDocument(id)}${tail}}` };
}

/**
 * Reads a task. What is absent has its default: version 1, no reply, 5 retries, the id that the Python tool would make.
 *
 * @throws {WireError} when it is not a task, or one of a version that jobq does not know
 */
export function decodeTaskMessage(text: string, { md5 }: Hashing): TaskMessage {
  const fields = parse(text, "it");
  if (!isJsonObject(fields)) throw new WireError("it is not a JSON object");
  const version = readVersion(fields);
  const task = {
    kwargs: readKwargs(fields),
    numRetries: readWhole(fields, "num_retries") ?? DEFAULT_NUM_RETRIES,
    replyRequested: readReplyRequested(fields),
    gateCommand: version === 2 ? readText(fields, "gate_cmd") : undefined,
  };
  return { version, id: readText(fields, "id") || md5(`${headOf(task)}}`), ...task, fields };
}

/**
 * Writes a received message with other values for some of its top-level keys: a key that was there keeps its place,
 * others come last, and `undefined` removes one.
 *
 * Where the message lacked what Python workers need of a task, that is added.
 *
 * @throws {WireError} when a change is nested too deep
 */
export function rewriteTaskMessage(
  { fields, version, replyRequested, numRetries, id }: TaskMessage,
  changes: ReadonlyMap<string, JsonDocument | undefined>,
): string {
  const result = new Map<string, JsonDocument>([
    ...fields,
    ["version", jsonNumber(version)],
    ...version === 0 ? [] : [["reply_requested", replyRequested]] as const,
    ["num_retries", jsonNumber(numRetries)],
    ["id", id],
  ]);
  for (const [key, value] of changes) {
    if (value === undefined) result.delete(key);
    else result.set(key, value);
  }
  return formatDocument(result);
}

/** The message up to its id, which is made of it. */
function headOf({ kwargs, numRetries, replyRequested = false, gateCommand }: NewTaskMessage): string {
  if (!Number.isSafeInteger(numRetries)) throw notWhole("num_retries");
  const isGated = gateCommand !== undefined;
  return `{"version": ${isGated ? 2 : 1}, "reply_requested": ${replyRequested}, ` +
    `"kwargs": ${formatDocument(formatDocument(kwargs))}, "num_retries": ${
      formatDocument(jsonNumber(numRetries))
    }` +
    (isGated ? `, "gate_cmd": ${formatDocument(gateCommand)}` : "");
}

function checkExtras(extras: JsonObject): JsonObject {
  for (const key of extras.keys()) {
    if (RESERVED.has(key)) throw new WireError(`"${key}" is a key of the format itself`);
  }
  return extras;
}

function readVersion(fields: JsonObject): TaskVersion {
  const version = readWhole(fields, "version") ?? 1;
  if (version === 0 || version === 1 || version === 2) return version;
  throw new WireError(`its version is ${version}; this jobq knows 0, 1 and 2`, {
    hint: "a newer jobq may know it",
  });
}

function readKwargs(fields: JsonObject): JsonObject {
  const text = fields.get("kwargs");
  if (typeof text !== "string") throw new WireError('"kwargs" is not a string');
  const kwargs = parse(text, '"kwargs"');
  if (!isJsonObject(kwargs)) throw new WireError('"kwargs" does not hold a JSON object');
  return kwargs;
}

function readReplyRequested(fields: JsonObject): boolean {
  const value = fields.has("reply_requested") ? fields.get("reply_requested") : false;
  if (typeof value !== "boolean") throw new WireError('"reply_requested" is not true or false');
  return value;
}

function readWhole(fields: JsonObject, key: string): number | undefined {
  if (!fields.has(key)) return undefined;
  const value = wholeNumberOf(fields.get(key));
  if (value === undefined) throw notWhole(key);
  return value;
}

function readText(fields: JsonObject, key: string): string | undefined {
  const value = fields.get(key);
  if (value !== undefined && typeof value !== "string") throw new WireError(`"${key}" is not a string`);
  return value;
}

function notWhole(key: string): WireError {
  return new WireError(`"${key}" is not a whole number within ±${Number.MAX_SAFE_INTEGER}`);
}

function parse(text: string, what: string): JsonDocument {
  try {
    return parseDocument(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new WireError(`${what} is not JSON (${error.message})`, { cause: error });
  }
}
