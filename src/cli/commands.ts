import { type AnyCommand, command, type CommandGroup } from "./command.ts";
import { lazyImport } from "../core/lazy_import.ts";
import { JOB_FLAGS, PUSH_FLAGS } from "./job_options.ts";
import {
  ALL,
  COMMON_FLAGS,
  DURABILITY,
  JSON_OUTPUT,
  limitFlag,
  RUN_FLAGS,
  SERVE_FLAGS,
  STATES,
  WORKER_FLAGS,
  YES,
} from "./options.ts";
import {
  LIST_FLAGS,
  LOGS_FLAGS,
  PRUNE_FLAGS,
  REQUEUE_FLAGS,
  STATUS_FLAGS,
  STOP_FLAGS,
  WAIT_FLAGS,
} from "./record_options.ts";

const ONE_ID = { min: 1, max: 1, placeholder: "ID" } as const;
const IDS = { min: 1, max: Infinity, placeholder: "ID" } as const;
const IDS_OR_FLAG = { ...IDS, min: 0 } as const;

const ID_TEXT = "An ID may be given by its number, or by a beginning that no other job has.";

/** What each command takes. Its code is in commands/. */
export const COMMANDS: Readonly<Record<string, AnyCommand | CommandGroup>> = {
  push: command({
    brief: "Put jobs on the queue and print their ids",
    description:
      `Prints one id a line. Without -c and --, each line of standard input is a job: a command for bash, or a
JSON object with "cmd" (a text for bash, or an array, which is run without a shell) and, as wanted,
"env", "cwd", "name", "num_retries", "retry_delay", "timeout", "delay", "priority", "key", "if_exists",
"after" (a text or an array of texts: keys of other lines, or ids, each with :any or :failed as wanted),
"gate_cmd", "bg_dirsync_to", "bg_dirsync_create" (true or false). When lines have "key" or "after", all are
pushed at the end of the input, or none.`,
    usage: ["[OPTIONS] -c CMD [-c CMD]...", "[OPTIONS] -- PROGRAM [ARG]...", "[OPTIONS] < LINES"],
    flags: { ...PUSH_FLAGS, ...COMMON_FLAGS },
    takesProgram: true,
    load: async () =>
      (await lazyImport<typeof import("./commands/push.ts")>(import.meta.resolve("./commands/push.ts"))).push,
  }),
  run: command({
    brief: "Push a job, show what it prints, and exit as it does",
    description:
      `The exit code is the command's own; 128 + N when signal N ended it, 124 when it ran out of time, 1 when it
was cancelled or could not be run. SIGINT, SIGTERM, SIGHUP: cancel the job and leave when it has ended.
When no worker is on the queue, and the queue is a file of this machine, the job is run by this process.`,
    usage: ["[OPTIONS] -- PROGRAM [ARG]...", "[OPTIONS] -c CMD"],
    flags: { ...JOB_FLAGS, ...RUN_FLAGS, durability: DURABILITY, ...COMMON_FLAGS },
    takesProgram: true,
    load: async () =>
      (await lazyImport<typeof import("./commands/run.ts")>(import.meta.resolve("./commands/run.ts"))).run,
  }),
  worker: command({
    brief: "Run jobs until the queue is empty",
    description:
      `SIGINT, SIGTERM, SIGHUP: stop the running jobs, give them back and leave; once more: at once.
SIGUSR1: take no more jobs and leave when the running ones have ended.`,
    usage: ["[OPTIONS]"],
    flags: { ...WORKER_FLAGS, ...RUN_FLAGS, durability: DURABILITY, ...COMMON_FLAGS },
    load: async () =>
      (await lazyImport<typeof import("./commands/worker.ts")>(import.meta.resolve("./commands/worker.ts")))
        .worker,
  }),
  pull: command({
    brief: "Run the next job, and exit with 1 if it failed",
    usage: ["[OPTIONS]"],
    flags: { ...RUN_FLAGS, durability: DURABILITY, ...COMMON_FLAGS },
    load: async () =>
      (await lazyImport<typeof import("./commands/pull.ts")>(import.meta.resolve("./commands/pull.ts"))).pull,
  }),
  workers: {
    brief: "Who runs jobs of this queue: list, stop",
    default: "list",
    commands: {
      list: command({
        brief: "Show the workers, oldest first",
        usage: ["[OPTIONS]"],
        flags: { json: JSON_OUTPUT, ...COMMON_FLAGS },
        load: async () =>
          (await lazyImport<typeof import("./commands/workers.ts")>(
            import.meta.resolve("./commands/workers.ts"),
          )).list,
      }),
      stop: command({
        brief: "Ask workers to leave when their running jobs have ended",
        usage: ["[OPTIONS] ID..."],
        flags: { ...STOP_FLAGS, ...COMMON_FLAGS },
        positionals: IDS,
        load: async () =>
          (await lazyImport<typeof import("./commands/workers.ts")>(
            import.meta.resolve("./commands/workers.ts"),
          )).stop,
      }),
    },
  },
  size: command({
    brief: "Print how many jobs are not finished: ready, delayed, blocked or running",
    description:
      `On Azure Storage Queue, this is the service's own estimate. On Azure Service Bus, --states and --json tell
delayed jobs from active ones, which are ready or running.`,
    usage: ["[OPTIONS]"],
    flags: { states: STATES, json: JSON_OUTPUT, ...COMMON_FLAGS },
    load: async () =>
      (await lazyImport<typeof import("./commands/size.ts")>(import.meta.resolve("./commands/size.ts"))).size,
  }),
  peek: command({
    brief: "Show the jobs that are next, without taking them",
    description: "On Azure Storage Queue, these are 32 at most, and no delayed ones.",
    usage: ["[OPTIONS]"],
    flags: { limit: limitFlag("10"), json: JSON_OUTPUT, ...COMMON_FLAGS },
    load: async () =>
      (await lazyImport<typeof import("./commands/peek.ts")>(import.meta.resolve("./commands/peek.ts"))).peek,
  }),
  list: command({
    brief: "Show jobs of all states, the newest first",
    usage: ["[OPTIONS]"],
    flags: { ...LIST_FLAGS, ...COMMON_FLAGS },
    load: async () =>
      (await lazyImport<typeof import("./commands/list.ts")>(import.meta.resolve("./commands/list.ts"))).list,
  }),
  status: command({
    brief: "Show all that is known of jobs",
    description: ID_TEXT,
    usage: ["[OPTIONS] ID..."],
    flags: { ...STATUS_FLAGS, ...COMMON_FLAGS },
    positionals: IDS,
    load: async () =>
      (await lazyImport<typeof import("./commands/status.ts")>(import.meta.resolve("./commands/status.ts")))
        .status,
  }),
  why: command({
    brief: "Say in one sentence why a job is where it is",
    usage: ["[OPTIONS] ID..."],
    flags: { json: JSON_OUTPUT, ...COMMON_FLAGS },
    positionals: IDS,
    load: async () =>
      (await lazyImport<typeof import("./commands/why.ts")>(import.meta.resolve("./commands/why.ts"))).why,
  }),
  logs: command({
    brief: "Print what a job printed",
    usage: ["[OPTIONS] ID"],
    flags: { ...LOGS_FLAGS, ...COMMON_FLAGS },
    positionals: ONE_ID,
    load: async () =>
      (await lazyImport<typeof import("./commands/logs.ts")>(import.meta.resolve("./commands/logs.ts"))).logs,
  }),
  wait: command({
    brief: "Wait until jobs have finished",
    description:
      `Exits with 0 when every job completed (with --any: the first that finished), with 1 when one did not,
with 124 when the --timeout has passed.`,
    usage: ["[OPTIONS] ID...", "[OPTIONS] --all"],
    flags: { ...WAIT_FLAGS, ...COMMON_FLAGS },
    positionals: IDS_OR_FLAG,
    load: async () =>
      (await lazyImport<typeof import("./commands/wait.ts")>(import.meta.resolve("./commands/wait.ts"))).wait,
  }),
  stats: command({
    brief: "Show how many jobs are in which state, and how fast they are done",
    usage: ["[OPTIONS]"],
    flags: { json: JSON_OUTPUT, ...COMMON_FLAGS },
    load: async () =>
      (await lazyImport<typeof import("./commands/stats.ts")>(import.meta.resolve("./commands/stats.ts")))
        .stats,
  }),
  cancel: command({
    brief: "Cancel jobs that have not finished, and those that wait for their completion",
    description: `Waiting jobs are cancelled at once, running ones are stopped by their workers. ${ID_TEXT}`,
    usage: ["[OPTIONS] ID..."],
    flags: { json: JSON_OUTPUT, ...COMMON_FLAGS },
    positionals: IDS,
    load: async () =>
      (await lazyImport<typeof import("./commands/cancel.ts")>(import.meta.resolve("./commands/cancel.ts")))
        .cancel,
  }),
  requeue: command({
    brief: "Put failed or cancelled jobs back on the queue, with all their attempts",
    description: "Jobs that were cancelled because of them wait for them again.",
    usage: ["[OPTIONS] ID...", "[OPTIONS] [--failed] [--timeout] [--cancelled]"],
    flags: { ...REQUEUE_FLAGS, ...COMMON_FLAGS },
    positionals: IDS_OR_FLAG,
    load: async () =>
      (await lazyImport<typeof import("./commands/requeue.ts")>(import.meta.resolve("./commands/requeue.ts")))
        .requeue,
  }),
  dead: {
    brief: "Jobs that failed for good: list, requeue, purge",
    commands: {
      list: command({
        brief: "Show the dead letters and why they failed, oldest first",
        usage: ["[OPTIONS]"],
        flags: { limit: limitFlag("100"), json: JSON_OUTPUT, ...COMMON_FLAGS },
        load: async () =>
          (await lazyImport<typeof import("./commands/dead.ts")>(import.meta.resolve("./commands/dead.ts")))
            .list,
      }),
      requeue: command({
        brief: "Put dead letters back on the queue, with all their attempts",
        usage: ["[OPTIONS] ID...", "[OPTIONS] --all"],
        flags: { all: ALL, ...COMMON_FLAGS },
        positionals: IDS_OR_FLAG,
        load: async () =>
          (await lazyImport<typeof import("./commands/dead.ts")>(import.meta.resolve("./commands/dead.ts")))
            .requeue,
      }),
      purge: command({
        brief: "Remove dead letters for good",
        usage: ["[OPTIONS] ID...", "[OPTIONS] --all"],
        flags: { all: ALL, yes: YES, ...COMMON_FLAGS },
        positionals: IDS_OR_FLAG,
        load: async () =>
          (await lazyImport<typeof import("./commands/dead.ts")>(import.meta.resolve("./commands/dead.ts")))
            .purge,
      }),
    },
  },
  clear: command({
    brief: "Remove all waiting jobs, blocked ones too; running and finished ones stay",
    description:
      "On Azure Storage Queue, delayed ones stay, too: there they cannot be told from running ones.",
    usage: ["[OPTIONS]"],
    flags: { yes: YES, ...COMMON_FLAGS },
    load: async () =>
      (await lazyImport<typeof import("./commands/clear.ts")>(import.meta.resolve("./commands/clear.ts")))
        .clear,
  }),
  prune: command({
    brief: "Remove the records of finished jobs: by default of completed and cancelled ones",
    description: "A completed job stays while a job that waits for it may need its result.",
    usage: ["[OPTIONS]"],
    flags: { ...PRUNE_FLAGS, ...COMMON_FLAGS },
    load: async () =>
      (await lazyImport<typeof import("./commands/prune.ts")>(import.meta.resolve("./commands/prune.ts")))
        .prune,
  }),
  serve: command({
    brief: "Let a jobq on another host use a queue of this one; it calls this over SSH",
    description:
      "PATH is an SQLite file or a directory. Requests are read from standard input, until that ends.",
    usage: ["--stdio [OPTIONS] PATH"],
    flags: { ...SERVE_FLAGS, durability: DURABILITY, ...COMMON_FLAGS },
    positionals: { min: 1, max: 1, placeholder: "PATH" },
    load: async () =>
      (await lazyImport<typeof import("./commands/serve.ts")>(import.meta.resolve("./commands/serve.ts")))
        .serve,
  }),
  doctor: command({
    brief: "Probe a directory: which promise a queue there can keep",
    description:
      `Checks with two processes, in a subdirectory that it removes again, whether a job runs on exactly one worker at
a time there, or at least once. Exits with 5 when a queue there would not work.
With --json, prints one object: "path", "place" (where it was probed: the directory, or its parent while it does
not exist, "exists"), "guarantee" (exactly-one-at-a-time, at-least-once or not-usable), "reason", "checks", each with
"name", "verdict" (ok, warn, slow or no), "found" and "values", whose names end in their units, and "queue", what is to be
said of the queue that is there: its holders, and files that were put aside because they were no jobs.
doctor rights COMMAND shows which rights a command holds with the queue of -q, and for what; with --json, as one object:
"command", "queue" (its kind), "rights", each with "right", "held", "only" (of what it is limited to) and "purpose".`,
    usage: ["[OPTIONS] DIR", "rights [OPTIONS] COMMAND"],
    flags: { json: JSON_OUTPUT, ...COMMON_FLAGS },
    positionals: { min: 0, max: 3, placeholder: "DIR" },
    load: async () =>
      (await lazyImport<typeof import("./commands/doctor.ts")>(import.meta.resolve("./commands/doctor.ts")))
        .doctor,
  }),
  completions: command({
    brief: "Print a script that completes jobq's command lines",
    description: "For example: source <(jobq completions bash)",
    usage: ["SHELL"],
    flags: COMMON_FLAGS,
    positionals: { min: 1, max: 1, placeholder: "SHELL", choices: ["bash", "zsh", "fish", "powershell"] },
    load: async () =>
      (await lazyImport<typeof import("./commands/completions.ts")>(
        import.meta.resolve("./commands/completions.ts"),
      )).completions,
  }),
};
