import { BackendError, errorMessage } from "../core/errors.ts";
import type { Task } from "../core/job.ts";
import { commandLine, type CommandLineOptions } from "./command_line.ts";

export interface StartOptions extends CommandLineOptions {
  readonly cwd: string | undefined;
}

/**
 * Starts a job's process, whose standard output is a pipe unless it has a terminal; answers the reason when it cannot be
 * started through its own fault.
 *
 * @throws {BackendError} when this machine starts no processes
 */
export function startProcess(
  task: Task & { kind: "shell" | "argv" },
  { cwd, ...options }: StartOptions,
): Deno.ChildProcess | string {
  const line = commandLine(task, options);
  try {
    return new Deno.Command(line.file, {
      args: [...line.args],
      env: { ...line.env },
      clearEnv: true,
      cwd,
      detached: line.detached,
      stdin: "null",
      stdout: options.terminal === undefined ? "piped" : "null",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    const reason = faultOfJob(error);
    if (reason === undefined) throw explainMachine(error);
    return reason;
  }
}

/** Why a job could not be started, if that is its own fault; another machine would not start it either. */
function faultOfJob(error: unknown): string | undefined {
  const text = errorMessage(error);
  const [, cwd] = /No such cwd '(.*)'/.exec(text) ?? [];
  if (cwd !== undefined) return `the working directory "${cwd}" does not exist on this machine`;
  return /Argument list too long|Permission denied|Not a directory/.test(text)
    ? `it cannot be started: ${text}`
    : undefined;
}

/** What it means for this machine that a process could not be started. */
export function explainMachine(error: unknown): BackendError {
  if (error instanceof BackendError) return error;
  return new BackendError(`Cannot start processes on this machine: ${errorMessage(error)}`, {
    hint:
      "check its limits on processes, open files and memory (ulimit -a), and the space in its temporary directory",
    cause: error,
  });
}
