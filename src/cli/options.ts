import { formatDuration, parseDuration } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import type { KeepFinished } from "../worker/retention.ts";
import {
  choiceFlag,
  counterFlag,
  type Flag,
  type FlagValues,
  negatableFlag,
  optionalChoiceFlag,
  switchFlag,
  valueFlag,
} from "./flag.ts";

/** The options of all commands, each defined once. Their `brief` is what `--help` says. */

/** Takes a value as it is. */
export const text = (value: string) => value;

/** Reads a whole number of at least `min`. @throws {UsageError} */
export function parseCount(value: string, min: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : NaN;
  if (!(Number.isSafeInteger(number) && number >= min)) {
    throw new UsageError(`"${value}" is not a whole number of at least ${min}`);
  }
  return number;
}

function notEmpty(value: string): string {
  if (value === "") throw new UsageError("it is empty", { hint: "is a variable of your shell not set?" });
  return value;
}

const orInfinity = (word: string, parse: (value: string) => number) => (value: string) =>
  value === word ? Infinity : parse(value);

/** Marks an option whose values no error may show. */
function secret<T>(flag: Flag<T>): Flag<T> {
  return { ...flag, secret: true };
}

/** Options that every command has. */
export const COMMON_FLAGS = {
  queue: valueFlag(text, {
    alias: "q",
    placeholder: "QUEUE",
    brief: "Address of the queue (also: jobq QUEUE COMMAND, or $JOBQ, or $JOBQ_STORAGE_QUEUE)",
  }),
  connStr: secret(valueFlag(notEmpty, {
    placeholder: "STRING",
    brief: "Azure: a connection string (better in $JOBQ_CONNECTION_STRING, which ps does not show)",
  })),
  sas: secret(valueFlag(notEmpty, {
    placeholder: "SAS",
    brief: "Azure: a shared access signature (of storage, better in $AZURE_STORAGE_SAS_TOKEN)",
  })),
  endpoint: secret(valueFlag(notEmpty, {
    placeholder: "SUFFIX|URL",
    brief: "Azure: where the service is: a DNS suffix, or the URL of the queue service or the namespace",
  })),
  transport: optionalChoiceFlag(["amqp", "ws"], {
    brief: "Azure Service Bus: port 5671, or WebSockets on 443 (default amqp, ws where 5671 is closed)",
  }),
  remoteJobq: valueFlag(notEmpty, {
    placeholder: "PATH",
    brief: "SSH: the jobq on the other host (default jobq, or $JOBQ_REMOTE_JOBQ)",
  }),
  verbose: counterFlag({ alias: "v", brief: "Say more: -v debug messages, -vv stack traces too" }),
  quiet: switchFlag({ brief: "Say only warnings and errors" }),
  logFormat: choiceFlag(["text", "json"], {
    brief: "Log lines on stderr for people, or one JSON object each",
  }),
};

export type CommonFlags = FlagValues<typeof COMMON_FLAGS>;

export const DURABILITY = choiceFlag(["full", "normal"], {
  brief: "What an acknowledged push or ack survives: full, a power loss; normal, the end of the process",
});

export const JSON_OUTPUT = switchFlag({ brief: "Print JSON, one object a line" });

export const YES = switchFlag({ brief: "Do not ask" });

export const ALL = switchFlag({ brief: "All of them" });

export const STATES = switchFlag({ brief: "A table of all states instead" });

/** How many rows to show. */
export const limitFlag = (otherwise: string): Flag<number> =>
  valueFlag((value) => value === "-1" ? Infinity : parseCount(value, 1), {
    alias: "n",
    placeholder: "N",
    default: otherwise,
    brief: "At most this many; -1 for all",
  });

/** How a Service Bus queue is made that is not there. */
export const LOCK_DURATION = valueFlag(parseLockDuration, {
  placeholder: "DURATION",
  brief: "Azure Service Bus: the lease on a queue that is made here, 5s to 5m (default 5m)",
});

/** How a queue is opened for a jobq on another host. */
export const SERVE_FLAGS = {
  stdio: switchFlag({ brief: "Answer on standard output, which has to be said" }),
  create: negatableFlag({ default: true, brief: "Make a queue that does not exist" }),
};

/** How jobs are held and stopped, for `worker`, `pull` and `run`. */
export const RUN_FLAGS = {
  visibilityTimeout: valueFlag(parseLease, {
    placeholder: "DURATION",
    brief: "Lease: when a worker dies, its jobs come back after this (default 10m)",
  }),
  lockDuration: LOCK_DURATION,
  killTimeout: valueFlag(parseDuration, {
    placeholder: "DURATION",
    brief: "From TERM to KILL when a job is stopped (default 30s, or $JOBQ_KILL_TIMEOUT)",
  }),
  maxLogSize: valueFlag(parseSize, {
    placeholder: "SIZE",
    default: "10M",
    brief: "Keep this much of what an execution prints, the newest of it; 0: nothing",
  }),
  gateReschedule: switchFlag({
    brief: "Azure Service Bus: send a copy, for later, of a job that its gate refuses, instead of pausing",
  }),
  bgDirsyncNet: switchFlag({
    brief: "Keep the right to use the network on a queue that needs none: for directories copied to a URL",
  }),
  emulateTty: switchFlag({
    alias: "t",
    brief: "Give each job a terminal, so that it prints lines as they come, and in colour",
  }),
};

export const WORKER_FLAGS = {
  numWorkers: valueFlag((value) => parseCount(value, 1), {
    alias: "n",
    placeholder: "N",
    default: "1",
    brief: "Jobs at the same time",
  }),
  maxConsecutiveFailures: valueFlag(orInfinity("none", (value) => parseCount(value, 0)), {
    placeholder: "N",
    default: "2",
    brief: "Failures in a row that a slot may have; one more and the worker leaves with 6. none: never",
  }),
  timeLimit: valueFlag(orInfinity("none", parsePositive), {
    placeholder: "DURATION",
    brief: "Give the jobs back and leave after this (default none, or $JOBQ_TIME_LIMIT)",
  }),
  idleTimeout: valueFlag(orInfinity("forever", parseDuration), {
    placeholder: "DURATION",
    default: "0",
    brief: "Leave when the queue has been empty for this long; forever: never",
  }),
  keepFinished: valueFlag(parseRetention, {
    placeholder: "DURATION|N",
    brief: "Prune completed and cancelled jobs that are older, or all but the last N (default: keep all)",
  }),
  heartbeat: negatableFlag({
    default: true,
    brief: "Renew the lease of a job while it runs; without, others may take a job that runs longer",
  }),
};

const UNIT_BYTES: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** Reads `64K`, `10M`, `1G`, or a number of bytes. @throws {UsageError} */
export function parseSize(value: string): number {
  const [, amount, unit = ""] = /^(\d+)([KMG]?)$/i.exec(value) ?? [];
  const bytes = Number(amount) * (UNIT_BYTES[unit.toUpperCase()] ?? 1);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new UsageError(`"${value}" is not a size`, { hint: "write it like 64K, 10M or 1G" });
}

function parseRetention(value: string): KeepFinished {
  return /^\d+$/.test(value) ? { count: parseCount(value, 0) } : { ageMs: parseDuration(value) };
}

/** Reads a duration that is longer than 0, in ms. @throws {UsageError} */
export function parsePositive(value: string): number {
  const ms = parseDuration(value);
  if (ms === 0) throw new UsageError("it must be longer than 0");
  return ms;
}

/** A lease that is shorter could not be renewed in time by a busy worker, in ms. */
const MIN_LEASE_MS = 1_000;

function parseLease(value: string): number {
  const ms = parseDuration(value);
  if (ms < MIN_LEASE_MS) {
    throw new UsageError("it is too short to be renewed in time", {
      hint: "1s is the least, 10m the default",
    });
  }
  return ms;
}

/** https://learn.microsoft.com/azure/service-bus-messaging/message-transfers-locks-settlement */
function parseLockDuration(value: string): number {
  return parseWithin(value, { min: 5_000, max: 5 * 60_000, hint: "leases are renewed while their jobs run" });
}

/** https://learn.microsoft.com/azure/service-bus-messaging/duplicate-detection; 0 for none. */
export function parseDedupWindow(value: string): number {
  if (parseDuration(value) === 0) return 0;
  return parseWithin(value, { min: 20_000, max: 7 * 86_400_000, hint: "0 takes no jobs for one" });
}

/** Reads a duration that Azure Service Bus takes. */
function parseWithin(
  value: string,
  { min, max, hint }: { readonly min: number; readonly max: number; readonly hint: string },
): number {
  const ms = parseDuration(value);
  if (ms >= min && ms <= max) return ms;
  const limit = ms < min ? `shorter than ${formatDuration(min)}` : `longer than ${formatDuration(max)}`;
  throw new UsageError(`it is ${limit}`, {
    hint: `Azure Service Bus takes ${formatDuration(min)} to ${formatDuration(max)}; ${hint}`,
  });
}

/** A flag's default that comes from the environment, and means what it means as the flag's value. @throws {UsageError} naming the variable */
export function durationFromEnv(
  name: string,
  value: string | undefined,
  { flag, otherwise }: { flag: Flag<number | undefined>; otherwise: number },
): number {
  if (value === undefined || value === "") return otherwise;
  try {
    return flag.read([value]) ?? otherwise;
  } catch (error) {
    throw new UsageError(`Cannot use $${name}: ${(error as Error).message}`, {
      hint: (error as UsageError).hint,
    });
  }
}
