import { parseDuration } from "../core/duration.ts";
import { errorMessage, UsageError } from "../core/errors.ts";
import { type After, assertKey, assertPriority, type IfExists, type NewJob, type Task } from "../core/job.ts";
import { parseAfter } from "./after.ts";

/** What a JSON line may say, and how each part becomes one of a job. */
const READERS: Readonly<Record<string, (value: unknown) => Partial<NewJob>>> = {
  cmd: (value) => ({ task: readTask(value) }),
  env: (value) => ({ env: readEnv(value) }),
  cwd: (value) => ({ cwd: readText("cwd", value) }),
  name: (value) => ({ name: readText("name", value) }),
  num_retries: (value) => ({ maxAttempts: readCount("num_retries", value) + 1 }),
  retry_delay: (value) => ({ retryDelayMs: readDuration("retry_delay", value) }),
  timeout: (value) => ({ timeoutMs: readDuration("timeout", value, 1) }),
  delay: (value) => ({ delayMs: readDuration("delay", value) }),
  priority: (value) => ({ priority: readPriority(value) }),
  key: (value) => ({ key: readKey(value) }),
  after: (value) => ({ after: readAfter(value) }),
  if_exists: (value) => ({ ifExists: readIfExists(value) }),
  bg_dirsync_to: (value) => ({
    bgDirsyncTo: value === null ? undefined : readText("bg_dirsync_to", value),
  }),
  bg_dirsync_create: (value) => ({ bgDirsyncCreate: readSwitch("bg_dirsync_create", value) }),
  gate_cmd: (value) => ({ gateCmd: value === null ? undefined : readText("gate_cmd", value) }),
};

/** What is taken where a line does not say it. */
export interface LineDefaults {
  /** Of the environment, the variables in here win over those of the line. */
  readonly job: Omit<NewJob, "task">;
  /** For lines with a key. */
  readonly ifExists?: IfExists;
}

/**
 * The job of a line of input: a command for bash, or a JSON object. The names in its "after" are answered as keys,
 * though they may be ids.
 *
 * @throws {UsageError} saying what is wrong with the line
 */
export function parseJobLine(text: string, { job: defaults, ifExists }: LineDefaults): NewJob {
  if (!text.trimStart().startsWith("{")) return { ...defaults, task: { kind: "shell", command: text } };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    // Of the line itself nothing is shown: it may hold secrets.
    const reason = errorMessage(error).replace(/, (?:\.\.\.)?".*$/s, "");
    throw new UsageError(`it is not valid JSON (${reason})`, {
      hint:
        "a line that starts with { is read as JSON; for a command that does, write a space-free form like bash -c '{ …; }'",
    });
  }
  const values = Object.entries(parsed as Record<string, unknown>);
  const fields: Partial<NewJob> = {};
  for (const [key, value] of values) {
    const read = Object.hasOwn(READERS, key) ? READERS[key] : undefined;
    if (read === undefined) {
      throw new UsageError(`"${key}" is not a key of a job`, {
        hint: `the keys are ${Object.keys(READERS).join(", ")}`,
      });
    }
    Object.assign(fields, read(value));
  }
  const { task } = fields;
  if (task === undefined) {
    throw new UsageError('it has no "cmd"', { hint: 'write it like {"cmd": "echo hello"}' });
  }
  if (fields.key === undefined && fields.ifExists !== undefined) {
    throw new UsageError('it has "if_exists" without "key"');
  }
  const unique = fields.key === undefined || ifExists === undefined ? {} : { ifExists };
  const env = { ...fields.env, ...defaults.env };
  return { ...defaults, ...unique, ...fields, task, env, jsonLine: text };
}

/**
 * The job of a command that is a JSON object with "cmd", read as a line of input would be; undefined for one that is a
 * command for bash.
 *
 * @throws {UsageError}
 */
export function parseJsonCommand(text: string, defaults: Omit<NewJob, "task">): NewJob | undefined {
  if (!isJsonJob(text)) return undefined;
  const job = parseJobLine(text, { job: defaults });
  if (job.after === defaults.after && job.key === defaults.key) return job;
  throw new UsageError('"key" and "after" are for the lines of standard input', {
    hint: "give --key and --after instead",
  });
}

function isJsonJob(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && Object.hasOwn(parsed, "cmd");
  } catch {
    return false;
  }
}

function readTask(value: unknown): Task {
  if (typeof value === "string") return { kind: "shell", command: value };
  if (Array.isArray(value) && value.every((part) => typeof part === "string")) {
    return { kind: "argv", argv: value };
  }
  throw new UsageError('"cmd" is neither a text nor an array of texts');
}

function readEnv(value: unknown): Record<string, string> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const isText = (entry: unknown) => typeof entry === "string" || typeof entry === "number";
  if (!isObject || !Object.values(value).every(isText)) {
    throw new UsageError('"env" is not an object of texts', { hint: 'write it like {"env": {"SEED": "1"}}' });
  }
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, String(entry)]));
}

function readText(key: string, value: unknown): string {
  if (typeof value !== "string") throw new UsageError(`"${key}" is not a text`);
  return value;
}

function readSwitch(key: string, value: unknown): boolean | undefined {
  if (typeof value !== "boolean") throw new UsageError(`"${key}" is neither true nor false`);
  return value || undefined;
}

function readCount(key: string, value: unknown): number {
  if (!Number.isSafeInteger(value) || Number(value) < 0) {
    throw new UsageError(`"${key}" is not a whole number of at least 0`);
  }
  return Number(value);
}

function readDuration(key: string, value: unknown, min = 0): number {
  if (typeof value !== "string" && typeof value !== "number") {
    throw new UsageError(`"${key}" is not a duration`);
  }
  const ms = parseDuration(String(value));
  if (ms < min) throw new UsageError(`"${key}" must be longer than 0`);
  return ms;
}

function readPriority(value: unknown): number {
  if (typeof value !== "number") throw new UsageError('"priority" is not a number');
  assertPriority(value);
  return value;
}

function readKey(value: unknown): string {
  const key = readText("key", value);
  assertKey(key);
  return key;
}

function readAfter(value: unknown): readonly After[] {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  return texts.flatMap((text) => {
    if (typeof text !== "string") throw new UsageError('"after" is neither a text nor an array of texts');
    return parseAfter(text).map(({ name, when }) => ({ key: name, when }));
  });
}

const IF_EXISTS: readonly IfExists[] = ["skip", "replace", "error"];

function readIfExists(value: unknown): IfExists {
  const word = IF_EXISTS.find((known) => known === value);
  if (word === undefined) throw new UsageError(`"if_exists" is none of ${IF_EXISTS.join(", ")}`);
  return word;
}
