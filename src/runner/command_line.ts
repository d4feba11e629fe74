import type { Task } from "../core/job.ts";
import { withLinkerVariables } from "../core/linker_variables.ts";
import type { Programs } from "./programs.ts";

/** What is handed to the system to start a job. */
export interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The runtime itself must make the session, because no program does. */
  readonly detached: boolean;
}

export interface CommandLineOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly programs: Programs;
  /** The runtime may start any program with any environment. */
  readonly unrestricted: boolean;
  /** The file of the terminal to which both of the job's streams go, if it has one. */
  readonly terminal?: string;
}

/** With -p, it does not run what `$BASH_ENV` names: that is for the job's own shell. */
const ON_TERMINAL = 'exec >"$0" 2>&1 && exec -- "$@"';
/** Becomes a program that the runtime itself may not start. */
const BECOME = 'exec -- "$@"';

/**
 * The command line that runs a task in a session and process group of its own. `setsid` becomes the job by
 * exec, so the child's pid is the job's pid and its group's id.
 *
 * Under a limited `--allow-run` the runtime starts nothing with linker variables in its environment, so `env` puts them
 * back. It comes before `setsid` in the line, so that it never sees the job's own program, whose name could be mistaken
 * for an assignment. Where there is no `setsid`, a shell becomes that program.
 *
 * The runtime cannot open a terminal for the job, so a shell does, and then becomes the job.
 */
export function commandLine(
  task: Task & { kind: "shell" | "argv" },
  options: CommandLineOptions,
): CommandLine {
  const { env, programs, unrestricted, terminal } = options;
  const plain = task.kind === "shell" ? [programs.bash, "-c", task.command] : task.argv;
  const job = terminal === undefined ? plain : [programs.bash, "-pc", ON_TERMINAL, terminal, ...plain];
  const detached = programs.setsid === undefined;
  const line = programs.setsid
    ? [programs.setsid, "--", ...job]
    : unrestricted || job[0] === programs.bash
    ? job
    : [programs.bash, "-pc", BECOME, "jobq", ...job];
  const { words, env: started } = unrestricted
    ? { words: line, env }
    : withLinkerVariables(line, env, programs.env);
  const [file = programs.bash, ...args] = words;
  return { file, args, env: started, detached };
}
