import { parseDuration } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import { negatableFlag, optionalChoiceFlag, repeatedFlag, switchFlag, valueFlag } from "./flag.ts";
import {
  DURABILITY,
  JSON_OUTPUT,
  LOCK_DURATION,
  parseCount,
  parseDedupWindow,
  parsePositive,
  text,
} from "./options.ts";

/** What to run and how, for `push` and `run`. */
export const JOB_FLAGS = {
  command: repeatedFlag(text, {
    alias: "c",
    placeholder: "CMD",
    brief: 'A command for bash, or a JSON object with "cmd"; may be repeated',
  }),
  env: repeatedFlag(parseEnv, {
    alias: "e",
    placeholder: "KEY=VALUE",
    secret: true,
    brief: "For the job's environment; may be repeated",
  }),
  cwd: valueFlag(text, {
    placeholder: "DIR",
    brief: "Working directory on the worker (default: the worker's own)",
  }),
  name: valueFlag(text, { placeholder: "NAME", brief: "A name, for people" }),
  numRetries: valueFlag((value) => parseCount(value, 0), {
    placeholder: "N",
    default: "0",
    brief: "Further attempts after a failed one",
  }),
  retryDelay: valueFlag(parseDuration, {
    placeholder: "DURATION",
    brief: "Wait before the first retry; doubles with each, up to 10m (default 1s)",
  }),
  timeout: valueFlag(parsePositive, {
    placeholder: "DURATION",
    brief: "Stop an attempt that runs longer; after the last one the job ends as timeout",
  }),
  delay: valueFlag(parseDuration, { placeholder: "DURATION", brief: "Do not start before this has passed" }),
  priority: valueFlag(parseInteger, {
    placeholder: "N",
    brief: "Jobs of a higher priority start first (default 0)",
  }),
  after: repeatedFlag(text, {
    placeholder: "ID[:ok|any|failed][,ID...]",
    brief: "Start when these have completed (ok), finished in any way, or failed; may be repeated",
  }),
  key: valueFlag(text, {
    placeholder: "KEY",
    brief: "Push it only if no unfinished job has the key",
  }),
  gateCmd: valueFlag(parseGate, {
    placeholder: "CMD",
    brief: "Run the job only on workers where this command for bash exits with 0",
  }),
  bgDirsyncTo: valueFlag(parsePlace, {
    placeholder: "DIR|URL",
    brief: "Copy what the job writes to $AMLT_DIRSYNC_DIR there, while it runs and when it ends",
  }),
  bgDirsyncCreate: switchFlag({ brief: "Make that place if it is missing; without, the job fails then" }),
  ifExists: optionalChoiceFlag(["skip", "replace", "error"], {
    brief: "What to do if one has: nothing, cancel it and take its place, or fail (default skip with --key)",
  }),
};

/** Of `push` alone. */
export const PUSH_FLAGS = {
  ...JOB_FLAGS,
  keepNewline: switchFlag({
    brief: "Keep each line's newline in its command, as ai4s-jobq does: equal lines get equal ids",
  }),
  numWorkers: valueFlag((value) => parseCount(value, 1), {
    placeholder: "N",
    default: "10",
    brief: "Azure Storage Queue: send this many jobs at a time; no effect elsewhere",
  }),
  spill: negatableFlag({
    default: true,
    brief: "Azure Storage Queue: put jobs over 64 KiB into blobs; without, refuse them",
  }),
  lockDuration: LOCK_DURATION,
  dedupWindow: valueFlag(parseDedupWindow, {
    placeholder: "DURATION",
    brief:
      "Azure Service Bus: a queue that is made here takes equal jobs for one that long, 20s to 7d; 0: never (default 7d)",
  }),
  newId: switchFlag({
    brief: "Azure: give each job an id of its own, so that one that was pushed before is pushed again",
  }),
  json: JSON_OUTPUT,
  durability: DURABILITY,
};

function parseGate(value: string): string {
  if (value.trim() === "") {
    throw new UsageError("it is empty", { hint: "leave it out for a job without a gate" });
  }
  return value;
}

function parsePlace(value: string): string {
  if (value === "") throw new UsageError("it is empty", { hint: "is a variable of your shell not set?" });
  return value;
}

function parseInteger(value: string): number {
  if (!/^-?\d+$/.test(value)) throw new UsageError(`"${value}" is not a whole number`);
  return Number(value);
}

function parseEnv(value: string, index: number): readonly [string, string] {
  const equals = value.indexOf("=");
  if (equals <= 0) {
    throw new UsageError(`value number ${index + 1} is not KEY=VALUE`, {
      hint: "write it like -e SEED=1 (what was given is not shown, as it may be a secret)",
    });
  }
  return [value.slice(0, equals), value.slice(equals + 1)];
}
