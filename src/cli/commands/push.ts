import { UsageError } from "../../core/errors.ts";
import { assertRunnable, type JobId, type NewJob } from "../../core/job.ts";
import type { RunCommand } from "../command.ts";
import { openNamedQueue } from "../context.ts";
import type { FlagValues } from "../flag.ts";
import type { COMMON_FLAGS, DURABILITY, JOB_FLAGS, JSON_OUTPUT } from "../options.ts";

type PushFlags = typeof JOB_FLAGS & typeof COMMON_FLAGS & {
  json: typeof JSON_OUTPUT;
  durability: typeof DURABILITY;
};

/** `jobq push`: jobs from -c, from `--`, or from the lines of standard input. */
export const push: RunCommand<PushFlags> = async (context, flags) => {
  const { io, rest } = context;
  const defaults = defaultsOf(flags);
  const commands = flags.command;
  if (commands.length > 0 && rest.length > 0) {
    throw new UsageError("Cannot push both -c and a program after --", { hint: "use two pushes" });
  }
  const given: NewJob[] = rest.length > 0
    ? [{ ...defaults, task: { kind: "argv", argv: rest } }]
    : commands.map((command) => ({ ...defaults, task: { kind: "shell", command } }));
  // Nothing is opened, and so nothing made, for jobs that cannot be pushed.
  given.forEach((job, index) => check(job, commands.length > 1 ? `command ${index + 1}` : "the job"));

  await using queue = await openNamedQueue(context, flags, { durability: flags.durability });
  const print = (ids: readonly JobId[]) =>
    io.stdout.write(ids.map((id) => flags.json ? `{"id":"${id}"}\n` : `${id}\n`).join(""));
  if (given.length > 0) return await print(await queue.enqueue(given));
  if (io.isTerminal("stdin") && !flags.quiet) {
    void io.stderr.write("Reading jobs, one a line; Ctrl-D ends.\n");
  }
  // Most pushes name their commands, and need none of that.
  const { pushLines } = await import("../push_lines.ts");
  await pushLines(queue, io, { defaults, print });
};

function defaultsOf(flags: FlagValues<PushFlags>): Omit<NewJob, "task"> {
  return {
    name: flags.name,
    env: flags.env.length > 0 ? Object.fromEntries(flags.env) : undefined,
    cwd: flags.cwd,
    maxAttempts: flags.numRetries + 1,
    retryDelayMs: flags.retryDelay,
    timeoutMs: flags.timeout,
    delayMs: flags.delay,
  };
}

function check(job: NewJob, what: string): void {
  try {
    assertRunnable(job);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`Cannot push ${what}: ${error.message}`, {
      hint: error.hint ?? "nothing was pushed",
    });
  }
}
