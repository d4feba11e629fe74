import { UnsupportedError } from "../errors.ts";
import type { JsonValue, NewJob, Task } from "../job.ts";
import { quoteWord, quoteWords } from "../shell_words.ts";
import { formatDocument } from "./format_document.ts";
import {
  isJsonObject,
  type JsonDocument,
  jsonNumber,
  type JsonObject,
  wholeNumberOf,
} from "./json_document.ts";
import { parseDocument } from "./parse_document.ts";
import { encodeTaskMessage, type Hashing, type TaskMessage } from "./task_message.ts";
import { WireError } from "./wire_error.ts";

/** How messages of jobs are made. */
export interface JobEncoding extends Hashing {
  /** Makes the id of a job; without it, equal jobs have equal ids: MD5s, those of commands as the Python tool makes them. */
  readonly newId?: () => string;
}

/** What a message says of its job. */
export interface MessageJob {
  readonly task: Task;
  readonly name?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly maxAttempts: number;
  /** Executions that counted so far. */
  readonly attempts: number;
  readonly retryDelayMs?: number;
  readonly timeoutMs?: number;
  readonly bgDirsyncTo?: string;
  readonly bgDirsyncCreate?: boolean;
  readonly gateCmd?: string;
}

/** What the Python tool leaves behind when it puts a task back. */
const LEFT_BEHIND: ReadonlySet<string> = new Set(["_job_id", "_worker_id"]);
const KNOWN_KWARGS: ReadonlySet<string> = new Set(["cmd", "env", "cwd", "bg_dirsync_to"]);

/** The message of a new job. What the Python tool does not know stands beside its keys, and only where it is set. */
export function encodeJobMessage(job: NewJob, { md5, newId }: JobEncoding): { id: string; text: string } {
  const kwargs = encodeKwargs(job);
  const numRetries = (job.maxAttempts ?? 1) - 1;
  const extras = encodeExtras(job);
  const { gateCmd: gateCommand } = job;
  // Of a function the kwargs tell only the name.
  const called = extras?.get("function");
  const ownId = called === undefined
    ? undefined
    : md5(formatDocument([kwargs, jsonNumber(numRetries), called, ...gateCommand ? [gateCommand] : []]));
  return encodeTaskMessage({ kwargs, numRetries, gateCommand, id: newId?.() ?? ownId, extras }, { md5 });
}

/**
 * What a message says of its job.
 *
 * @throws {WireError} when no shell job and no function of jobq can be made of it
 */
export function decodeJobMessage(message: TaskMessage): MessageJob {
  const { kwargs, fields, numRetries, gateCommand } = message;
  const attempts = readCount(fields, "attempts") ?? 0;
  for (const key of kwargs.keys()) {
    if (KNOWN_KWARGS.has(key) || LEFT_BEHIND.has(key)) continue;
    throw new WireError(
      "it is not a shell job: its kwargs have a key other than cmd, env, cwd and bg_dirsync_to",
    );
  }
  return {
    task: decodeTask(message),
    name: readText(fields, "name"),
    env: decodeEnv(kwargs.get("env")),
    cwd: readText(kwargs, "cwd"),
    maxAttempts: attempts + Math.max(0, numRetries) + 1,
    attempts,
    retryDelayMs: readCount(fields, "retry_delay_ms"),
    timeoutMs: readCount(fields, "timeout_ms"),
    // Of these two, the Python tool takes an empty text for none.
    bgDirsyncTo: readText(kwargs, "bg_dirsync_to") || undefined,
    bgDirsyncCreate: fields.get("bg_dirsync_create") === true || undefined,
    gateCmd: gateCommand || undefined,
  };
}

/** Refuses what a message cannot carry, or the services not act upon. @throws {UnsupportedError} */
export function assertCarried(job: NewJob, queues: string): void {
  const what = job.after !== undefined && job.after.length > 0
    ? "let jobs wait for other jobs (after)"
    : job.key !== undefined || job.ifExists !== undefined
    ? "tell jobs apart by a key"
    : (job.priority ?? 0) !== 0
    ? "give jobs a priority"
    : undefined;
  if (what === undefined) return;
  throw new UnsupportedError(`Cannot push the job: ${queues} cannot ${what}`, {
    hint: "a queue in an SQLite file can, for example -q jobs.db",
  });
}

function encodeKwargs(job: NewJob): JsonObject {
  const values = new Map<string, JsonDocument>([["cmd", commandOf(job.task)]]);
  if (job.jsonLine === undefined) {
    values.set("bg_dirsync_to", job.bgDirsyncTo ?? null).set("env", new Map(Object.entries(job.env ?? {})));
    return job.cwd === undefined ? values : values.set("cwd", job.cwd);
  }
  const line = parseDocument(job.jsonLine);
  const order = isJsonObject(line) ? line : new Map<string, JsonDocument>();
  values.set("env", inOrder(new Map(Object.entries(job.env ?? {})), order.get("env"), numberAsGiven));
  values.set("bg_dirsync_to", job.bgDirsyncTo ?? null);
  if (job.cwd !== undefined) values.set("cwd", job.cwd);
  return inOrder(values, order);
}

/** The entries of an object, those that another one has first, in its order; `pick` is given the values of both. */
function inOrder(
  values: ReadonlyMap<string, JsonDocument>,
  order: JsonDocument | undefined,
  pick: (value: JsonDocument, given: JsonDocument | undefined) => JsonDocument = (value) => value,
): Map<string, JsonDocument> {
  const given: JsonObject = isJsonObject(order) ? order : new Map();
  const known = [...given.keys()].filter((key) => values.has(key));
  return new Map(
    [...known, ...values.keys()].map((key) => [key, pick(values.get(key) ?? null, given.get(key))]),
  );
}

/** A number stays one, and keeps its digits, where the job has its text. */
function numberAsGiven(value: JsonDocument, given: JsonDocument | undefined): JsonDocument {
  const isNumber = typeof given === "object" && given !== null && "number" in given;
  return isNumber && String(Number(given.number)) === value ? given : value;
}

function commandOf(task: Task): string {
  switch (task.kind) {
    case "shell":
      return task.command;
    case "argv":
      return quoteWords(task.argv);
    case "function":
      return `echo ${quoteWord(`jobq: this job is the function ${task.name}, not a command`)} >&2; exit 1`;
    default:
      return task satisfies never;
  }
}

function encodeExtras(
  { task, name, retryDelayMs, timeoutMs, bgDirsyncCreate }: NewJob,
): JsonObject | undefined {
  const isPlain = name === undefined && retryDelayMs === undefined && timeoutMs === undefined &&
    bgDirsyncCreate !== true;
  if (task.kind === "shell" && isPlain) return undefined;
  const extras = new Map<string, JsonDocument>();
  if (name !== undefined) extras.set("name", name);
  if (task.kind === "argv") extras.set("argv", task.argv);
  if (task.kind === "function") {
    extras.set("function", new Map([["name", task.name], ["payload", toDocument(task.payload)]]));
  }
  if (retryDelayMs !== undefined) extras.set("retry_delay_ms", jsonNumber(retryDelayMs));
  if (timeoutMs !== undefined) extras.set("timeout_ms", jsonNumber(timeoutMs));
  if (bgDirsyncCreate === true) extras.set("bg_dirsync_create", true);
  return extras;
}

function decodeTask({ kwargs, fields }: TaskMessage): Task {
  const called = fields.get("function");
  if (isJsonObject(called)) {
    return {
      kind: "function",
      name: readText(called, "name") ?? "",
      payload: toValue(called.get("payload") ?? null),
    };
  }
  const command = kwargs.get("cmd");
  if (typeof command !== "string") {
    throw new WireError('it is not a shell job: its kwargs have no "cmd" text');
  }
  const argv = fields.get("argv");
  return isTexts(argv) && quoteWords(argv) === command ? { kind: "argv", argv } : { kind: "shell", command };
}

function isTexts(document: JsonDocument | undefined): document is readonly string[] {
  return Array.isArray(document) && document.every((text) => typeof text === "string");
}

/** As in Python, where every value becomes a text. */
function decodeEnv(document: JsonDocument | undefined): Readonly<Record<string, string>> {
  if (document === undefined || document === null) return {};
  if (!isJsonObject(document)) throw new WireError('its "env" is not an object');
  return Object.fromEntries([...document].map(([key, value]) => [key, textOf(value)]));
}

function textOf(value: JsonDocument): string {
  if (typeof value === "string") return value;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if ("number" in value) return value.number;
  throw new WireError('a value of its "env" is neither a text nor a number');
}

function readText(object: JsonObject, key: string): string | undefined {
  const value = object.get(key) ?? undefined;
  if (value !== undefined && typeof value !== "string") throw new WireError(`its "${key}" is not a text`);
  return value;
}

function readCount(fields: JsonObject, key: string): number | undefined {
  const value = fields.get(key);
  if (value === undefined) return undefined;
  const count = wholeNumberOf(value);
  if (count === undefined || count < 0) {
    throw new WireError(`its "${key}" is not a whole number of at least 0`);
  }
  return count;
}

function toDocument(value: JsonValue): JsonDocument {
  return parseDocument(JSON.stringify(value));
}

function toValue(document: JsonDocument): JsonValue {
  return JSON.parse(formatDocument(document)) as JsonValue;
}
