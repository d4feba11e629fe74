import { parseDuration } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";

/** The flags of all commands, each defined once. Their `brief` is what `--help` says. */

const text = (value: string) => value;

/** Reads a whole number of at least `min`. @throws {UsageError} */
export function parseCount(value: string, min: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : NaN;
  if (!(Number.isSafeInteger(number) && number >= min)) {
    throw new UsageError(`"${value}" is not a whole number of at least ${min}`);
  }
  return number;
}

const orInfinity = (word: string, parse: (value: string) => number) => (value: string) =>
  value === word ? Infinity : parse(value);

/** Flags that every command has. */
export const COMMON_FLAGS = {
  queue: {
    kind: "parsed",
    parse: text,
    optional: true,
    brief: "Address of the queue (also: jobq QUEUE COMMAND, or $JOBQ)",
    placeholder: "QUEUE",
  },
  verbose: { kind: "counter", optional: true, brief: "Say more: -v debug messages, -vv stack traces too" },
  quiet: { kind: "boolean", default: false, withNegated: false, brief: "Say only warnings and errors" },
  logFormat: {
    kind: "enum",
    values: ["text", "json"],
    default: "text",
    brief: "Log lines on stderr for people, or one JSON object each",
  },
} as const;

export const COMMON_ALIASES = { q: "queue", v: "verbose" } as const;

export interface CommonFlags {
  readonly queue?: string;
  readonly verbose?: number;
  readonly quiet: boolean;
  readonly logFormat: "text" | "json";
}

export const DURABILITY = {
  kind: "enum",
  values: ["full", "normal"],
  default: "full",
  brief: "What an acknowledged push or ack survives: full, a power loss; normal, the end of the process",
} as const;

export const JSON_OUTPUT = {
  kind: "boolean",
  default: false,
  withNegated: false,
  brief: "Print JSON, one object a line",
} as const;

export const YES = { kind: "boolean", default: false, withNegated: false, brief: "Do not ask" } as const;

export const ALL = { kind: "boolean", default: false, withNegated: false, brief: "All of them" } as const;

export const LIMIT = {
  kind: "parsed",
  parse: (value: string) => value === "-1" ? Infinity : parseCount(value, 1),
  default: "10",
  brief: "At most this many; -1 for all",
  placeholder: "N",
} as const;

/** What to run and how, for `push`. */
export const JOB_FLAGS = {
  command: {
    kind: "parsed",
    parse: text,
    variadic: true,
    optional: true,
    brief: "A command for bash; may be repeated",
    placeholder: "CMD",
  },
  env: {
    kind: "parsed",
    parse: parseEnv,
    variadic: true,
    optional: true,
    brief: "KEY=VALUE for the job's environment; may be repeated",
    placeholder: "KEY=VALUE",
  },
  cwd: {
    kind: "parsed",
    parse: text,
    optional: true,
    brief: "Working directory on the worker (default: the worker's own)",
    placeholder: "DIR",
  },
  name: { kind: "parsed", parse: text, optional: true, brief: "A name, for people", placeholder: "NAME" },
  numRetries: {
    kind: "parsed",
    parse: (value: string) => parseCount(value, 0),
    default: "0",
    brief: "Further attempts after a failed one",
    placeholder: "N",
  },
  retryDelay: {
    kind: "parsed",
    parse: parseDuration,
    optional: true,
    brief: "Wait before the first retry; doubles with each, up to 10m (default 1s)",
    placeholder: "DURATION",
  },
  timeout: {
    kind: "parsed",
    parse: parseDuration,
    optional: true,
    brief: "Stop an attempt that runs longer; it counts as failed",
    placeholder: "DURATION",
  },
  delay: {
    kind: "parsed",
    parse: parseDuration,
    optional: true,
    brief: "Do not start before this has passed",
    placeholder: "DURATION",
  },
} as const;

/** How jobs are held and stopped, for `worker` and `pull`. */
export const RUN_FLAGS = {
  visibilityTimeout: {
    kind: "parsed",
    parse: parseDuration,
    default: "10m",
    brief: "Lease: when a worker dies, its job comes back after this",
    placeholder: "DURATION",
  },
  killTimeout: {
    kind: "parsed",
    parse: parseDuration,
    optional: true,
    brief: "From TERM to KILL when a job is stopped (default 30s, or $JOBQ_KILL_TIMEOUT)",
    placeholder: "DURATION",
  },
} as const;

export const WORKER_FLAGS = {
  numWorkers: {
    kind: "parsed",
    parse: (value: string) => parseCount(value, 1),
    default: "1",
    brief: "Jobs at the same time",
    placeholder: "N",
  },
  maxConsecutiveFailures: {
    kind: "parsed",
    parse: orInfinity("none", (value) => parseCount(value, 0)),
    default: "2",
    brief: "Failures in a row that a slot may have; one more and the worker leaves with 6. none: never",
    placeholder: "N",
  },
  timeLimit: {
    kind: "parsed",
    parse: orInfinity("none", parseDuration),
    optional: true,
    brief: "Give the jobs back and leave after this (default none, or $JOBQ_TIME_LIMIT)",
    placeholder: "DURATION",
  },
  idleTimeout: {
    kind: "parsed",
    parse: orInfinity("forever", parseDuration),
    default: "0",
    brief: "Leave when the queue has been empty for this long; forever: never",
    placeholder: "DURATION",
  },
} as const;

/** A flag's default that comes from the environment. @throws {UsageError} naming the variable */
export function durationFromEnv(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined || value === "") return otherwise;
  if (value === "none") return Infinity;
  try {
    return parseDuration(value);
  } catch (error) {
    throw new UsageError(`Cannot use $${name}: ${(error as Error).message}`, {
      hint: (error as UsageError).hint,
    });
  }
}

function parseEnv(value: string): readonly [string, string] {
  const equals = value.indexOf("=");
  if (equals <= 0) {
    throw new UsageError(`"${equals < 0 ? value : "=…"}" is not KEY=VALUE`, {
      hint: "write it like -e SEED=1",
    });
  }
  return [value.slice(0, equals), value.slice(equals + 1)];
}
