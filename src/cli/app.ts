import { type Application, buildApplication, buildCommand, buildRouteMap, text_en } from "@stricli/core";
import type { ClearFlags } from "./commands/clear.ts";
import type { ListFlags, PurgeFlags, SelectFlags } from "./commands/dead.ts";
import type { PeekFlags } from "./commands/peek.ts";
import type { PushFlags } from "./commands/push.ts";
import type { SizeFlags } from "./commands/size.ts";
import type { WorkerFlags } from "./commands/worker.ts";
import { type CliContext, lazily } from "./context.ts";
import type { RunFlags } from "./run_worker.ts";
import { formatScannerError } from "./usage_error.ts";
import {
  ALL,
  COMMON_ALIASES,
  COMMON_FLAGS,
  type CommonFlags,
  DURABILITY,
  JOB_FLAGS,
  JSON_OUTPUT,
  LIMIT,
  RUN_FLAGS,
  WORKER_FLAGS,
  YES,
} from "./options.ts";

/** What each command takes. Its code is in commands/ and loaded when it is called. */

const push = buildCommand<PushFlags, [], CliContext>({
  loader: lazily(async () => (await import("./commands/push.ts")).push),
  parameters: {
    flags: { ...COMMON_FLAGS, ...JOB_FLAGS, json: JSON_OUTPUT, durability: DURABILITY },
    aliases: { ...COMMON_ALIASES, c: "command", e: "env" },
  },
  docs: {
    brief: "Put jobs on the queue and print their ids",
    fullDescription:
      "Puts jobs on the queue and prints their ids, one a line. Without -c and --, each line of standard\n" +
      'input is a job: a command, or a JSON object with "cmd" (a text for bash, or an array run without a shell)\n' +
      'and, as wanted, "env", "cwd", "name", "num_retries", "retry_delay", "timeout", "delay".',
    customUsage: [
      { input: "[-q QUEUE] -c CMD [-c CMD]...", brief: "commands for bash" },
      { input: "[-q QUEUE] -- PROGRAM [ARG]...", brief: "one program, without a shell" },
      { input: "[-q QUEUE] < LINES", brief: "a job a line" },
    ],
  },
});

const worker = buildCommand<WorkerFlags, [], CliContext>({
  loader: lazily(async () => (await import("./commands/worker.ts")).worker),
  parameters: {
    flags: { ...COMMON_FLAGS, ...WORKER_FLAGS, ...RUN_FLAGS, durability: DURABILITY },
    aliases: { ...COMMON_ALIASES, n: "numWorkers" },
  },
  docs: {
    brief: "Run jobs until the queue is empty",
    fullDescription: "Runs jobs, several at a time, until the queue is empty.\n" +
      "SIGINT, SIGTERM or SIGHUP: stop the running jobs, give them back and leave; once more: at once.\n" +
      "SIGUSR1: take no more jobs and leave when the running ones have ended.",
  },
});

const pull = buildCommand<RunFlags, [], CliContext>({
  loader: lazily(async () => (await import("./commands/pull.ts")).pull),
  parameters: {
    flags: { ...COMMON_FLAGS, ...RUN_FLAGS, durability: DURABILITY },
    aliases: COMMON_ALIASES,
  },
  docs: { brief: "Run the next job; exits with 1 if it failed" },
});

const size = buildCommand<SizeFlags, [], CliContext>({
  loader: lazily(async () => (await import("./commands/size.ts")).size),
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      states: { kind: "boolean", default: false, withNegated: false, brief: "A table of all states instead" },
      json: JSON_OUTPUT,
    },
    aliases: COMMON_ALIASES,
  },
  docs: { brief: "Print how many jobs are not finished: waiting, delayed or running" },
});

const peek = buildCommand<PeekFlags, [], CliContext>({
  loader: lazily(async () => (await import("./commands/peek.ts")).peek),
  parameters: {
    flags: { ...COMMON_FLAGS, limit: LIMIT, json: JSON_OUTPUT },
    aliases: { ...COMMON_ALIASES, n: "limit" },
  },
  docs: { brief: "Show the jobs that are next, without taking them" },
});

const clear = buildCommand<ClearFlags, [], CliContext>({
  loader: lazily(async () => (await import("./commands/clear.ts")).clear),
  parameters: { flags: { ...COMMON_FLAGS, yes: YES }, aliases: COMMON_ALIASES },
  docs: { brief: "Remove all waiting jobs; running and finished ones stay" },
});

const ids = {
  kind: "array",
  parameter: {
    parse: (value: string) => value,
    brief: "Job ids, or their unique beginnings",
    placeholder: "ID",
  },
} as const;

const dead = buildRouteMap({
  routes: {
    list: buildCommand<ListFlags, [], CliContext>({
      loader: lazily(async () => (await import("./commands/dead.ts")).list),
      parameters: {
        flags: { ...COMMON_FLAGS, limit: { ...LIMIT, default: "100" }, json: JSON_OUTPUT },
        aliases: { ...COMMON_ALIASES, n: "limit" },
      },
      docs: { brief: "Show the dead letters and why they failed, oldest first" },
    }),
    requeue: buildCommand<SelectFlags, readonly string[], CliContext>({
      loader: lazily(async () => (await import("./commands/dead.ts")).requeue),
      parameters: { flags: { ...COMMON_FLAGS, all: ALL }, aliases: COMMON_ALIASES, positional: ids },
      docs: { brief: "Put dead letters back on the queue, with all their attempts" },
    }),
    purge: buildCommand<PurgeFlags, readonly string[], CliContext>({
      loader: lazily(async () => (await import("./commands/dead.ts")).purge),
      parameters: {
        flags: { ...COMMON_FLAGS, all: ALL, yes: YES },
        aliases: COMMON_ALIASES,
        positional: ids,
      },
      docs: { brief: "Remove dead letters for good" },
    }),
  },
  docs: { brief: "Jobs that failed for good: list, requeue, purge" },
});

const completions = buildCommand<CommonFlags, [string], CliContext>({
  loader: lazily(async () => (await import("./commands/completions.ts")).completions),
  parameters: {
    flags: { ...COMMON_FLAGS },
    aliases: COMMON_ALIASES,
    positional: {
      kind: "tuple",
      parameters: [{ parse: (value: string) => value, brief: "bash, zsh or fish", placeholder: "SHELL" }],
    },
  },
  docs: { brief: "Print a script that completes jobq's command lines" },
});

/** All commands. */
export const app: Application<CliContext> = buildApplication(
  buildRouteMap({
    routes: { push, worker, pull, size, peek, clear, dead, completions },
    docs: {
      brief: "Queue shell commands and run them on any machine that can reach the queue",
      fullDescription: "Queue shell commands and run them on any machine that can reach the queue.\n" +
        "The queue: jobq QUEUE COMMAND, or -q QUEUE, or $JOBQ; without one, a file of your own.",
    },
  }),
  {
    name: "jobq",
    scanner: { caseStyle: "allow-kebab-for-camel" },
    localization: {
      text: {
        ...text_en,
        exceptionWhileParsingArguments: (error) => formatScannerError(error),
        noCommandRegisteredForInput: ({ input, corrections }) =>
          `error: Cannot run "${input}": there is no such command\nhint: ` +
          (corrections.length > 0
            ? `did you mean ${corrections.join(" or ")}?`
            : "jobq --help lists the commands"),
      },
    },
  },
);
