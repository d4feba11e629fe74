import type { CliContext } from "./context.ts";
import type { Flags, FlagValues } from "./flag.ts";

/** A command's own code. The process's exit code is 0 unless it answers another. */
export type RunCommand<F extends Flags> = (
  context: CliContext,
  values: FlagValues<F>,
  positionals: readonly string[],
) => Promise<number | void>;

/** What a command takes, and where its code is. */
export interface CommandSpec<F extends Flags> {
  readonly brief: string;
  /** More, for the command's own `--help`. */
  readonly description?: string;
  /** Forms of the command line after `jobq COMMAND`. */
  readonly usage: readonly string[];
  readonly flags: F;
  /** How many words besides the options it takes. Default none. */
  readonly positionals?: {
    readonly min: number;
    readonly max: number;
    readonly placeholder: string;
    readonly choices?: readonly string[];
  };
  /** It takes a program and its arguments after `--`. */
  readonly takesProgram?: boolean;
  /** Loads the code only when the command is called: starting is paid for by every call. */
  readonly load: () => Promise<RunCommand<F>>;
}

/** A command of any flags. */
export type AnyCommand = CommandSpec<Flags>;

/** Commands under a common first word. */
export interface CommandGroup {
  readonly brief: string;
  readonly commands: Readonly<Record<string, AnyCommand>>;
  /** The one that the first word alone stands for, if any. */
  readonly default?: string;
}

/** Checks a command's parts against each other; forgets the types that only its own code needs. */
export function command<F extends Flags>(spec: CommandSpec<F>): AnyCommand {
  return spec as unknown as AnyCommand;
}
