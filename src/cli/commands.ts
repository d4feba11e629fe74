import { type AnyCommand, command, type CommandGroup } from "./command.ts";
import {
  ALL,
  COMMON_FLAGS,
  DURABILITY,
  JOB_FLAGS,
  JSON_OUTPUT,
  limitFlag,
  RUN_FLAGS,
  STATES,
  WORKER_FLAGS,
  YES,
} from "./options.ts";

const IDS = { min: 0, max: Infinity, placeholder: "ID" } as const;

/** What each command takes. Its code is in commands/. */
export const COMMANDS: Readonly<Record<string, AnyCommand | CommandGroup>> = {
  push: command({
    brief: "Put jobs on the queue and print their ids",
    description:
      `Prints one id a line. Without -c and --, each line of standard input is a job: a command for bash, or a
JSON object with "cmd" (a text for bash, or an array, which is run without a shell) and, as wanted,
"env", "cwd", "name", "num_retries", "retry_delay", "timeout", "delay".`,
    usage: ["[OPTIONS] -c CMD [-c CMD]...", "[OPTIONS] -- PROGRAM [ARG]...", "[OPTIONS] < LINES"],
    flags: { ...JOB_FLAGS, json: JSON_OUTPUT, durability: DURABILITY, ...COMMON_FLAGS },
    load: async () => (await import("./commands/push.ts")).push,
  }),
  worker: command({
    brief: "Run jobs until the queue is empty",
    description:
      `SIGINT, SIGTERM, SIGHUP: stop the running jobs, give them back and leave; once more: at once.
SIGUSR1: take no more jobs and leave when the running ones have ended.`,
    usage: ["[OPTIONS]"],
    flags: { ...WORKER_FLAGS, ...RUN_FLAGS, durability: DURABILITY, ...COMMON_FLAGS },
    load: async () => (await import("./commands/worker.ts")).worker,
  }),
  pull: command({
    brief: "Run the next job, and exit with 1 if it failed",
    usage: ["[OPTIONS]"],
    flags: { ...RUN_FLAGS, durability: DURABILITY, ...COMMON_FLAGS },
    load: async () => (await import("./commands/pull.ts")).pull,
  }),
  size: command({
    brief: "Print how many jobs are not finished: ready, delayed or running",
    usage: ["[OPTIONS]"],
    flags: { states: STATES, json: JSON_OUTPUT, ...COMMON_FLAGS },
    load: async () => (await import("./commands/size.ts")).size,
  }),
  peek: command({
    brief: "Show the jobs that are next, without taking them",
    usage: ["[OPTIONS]"],
    flags: { limit: limitFlag("10"), json: JSON_OUTPUT, ...COMMON_FLAGS },
    load: async () => (await import("./commands/peek.ts")).peek,
  }),
  clear: command({
    brief: "Remove all waiting jobs; running and finished ones stay",
    usage: ["[OPTIONS]"],
    flags: { yes: YES, ...COMMON_FLAGS },
    load: async () => (await import("./commands/clear.ts")).clear,
  }),
  dead: {
    brief: "Jobs that failed for good: list, requeue, purge",
    commands: {
      list: command({
        brief: "Show the dead letters and why they failed, oldest first",
        usage: ["[OPTIONS]"],
        flags: { limit: limitFlag("100"), json: JSON_OUTPUT, ...COMMON_FLAGS },
        load: async () => (await import("./commands/dead.ts")).list,
      }),
      requeue: command({
        brief: "Put dead letters back on the queue, with all their attempts",
        usage: ["[OPTIONS] ID...", "[OPTIONS] --all"],
        flags: { all: ALL, ...COMMON_FLAGS },
        positionals: IDS,
        load: async () => (await import("./commands/dead.ts")).requeue,
      }),
      purge: command({
        brief: "Remove dead letters for good",
        usage: ["[OPTIONS] ID...", "[OPTIONS] --all"],
        flags: { all: ALL, yes: YES, ...COMMON_FLAGS },
        positionals: IDS,
        load: async () => (await import("./commands/dead.ts")).purge,
      }),
    },
  },
  completions: command({
    brief: "Print a script that completes jobq's command lines",
    description: "For example: source <(jobq completions bash)",
    usage: ["SHELL"],
    flags: COMMON_FLAGS,
    positionals: { min: 1, max: 1, placeholder: "SHELL", choices: ["bash", "zsh", "fish"] },
    load: async () => (await import("./commands/completions.ts")).completions,
  }),
};
