import { BackendError, errorMessage, JobqError, UsageError } from "../core/errors.ts";
import { EXIT } from "../core/exit_code.ts";
import { redactAddress } from "../backends/address.ts";
import type { AnyCommand } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { longName } from "./flag.ts";
import { formatJson } from "../log/json_sink.ts";
import { type Io, systemIo } from "./io.ts";
import { lazyImport } from "../core/lazy_import.ts";
import { COMMON_FLAGS } from "./options.ts";
import { closest, parseArgs } from "./parse_args.ts";
import { callOf, dropRights } from "./rights.ts";

/**
 * Runs one command line; answers the process's exit code. Where the world is the process's own, so are its rights, and
 * those that the command does not need are given up.
 */
export async function main(args: readonly string[], given?: Io): Promise<number> {
  const io = given ?? systemIo();
  let code: number;
  try {
    code = await dispatch(args, io, { dropsRights: given === undefined });
  } catch (error) {
    code = printError(await explained(error), io, args);
  }
  // Whatever is still on its way is out before the process ends.
  await io.stdout.write("");
  const { failure } = io.stdout;
  if (failure !== undefined && code === EXIT.ok) {
    code = printError(
      new BackendError(`Cannot write to standard output: ${errorMessage(failure)}`, {
        hint: "what was asked for was done, but not all of what it prints was written",
        cause: failure,
      }),
      io,
      args,
    );
  }
  await io.stderr.write("");
  return code;
}

async function dispatch(
  args: readonly string[],
  io: Io,
  { dropsRights }: { dropsRights: boolean },
): Promise<number> {
  const { leadingQueue, leadingFlags, words: [first, ...words], rest } = splitArguments(args);
  if (first === "--version" || first === "-V") {
    const { formatVersion } = await lazyImport<typeof import("./version.ts")>(
      import.meta.resolve("./version.ts"),
    );
    await io.stdout.write(await formatVersion(words));
    return EXIT.ok;
  }
  if (first === "__complete") {
    const { proposeWords } = await lazyImport<typeof import("./commands/completions.ts")>(
      import.meta.resolve("./commands/completions.ts"),
    );
    await io.stdout.write(proposeWords(rest ?? []));
    return EXIT.ok;
  }
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    const { formatMainHelp } = await lazyImport<typeof import("./help.ts")>(import.meta.resolve("./help.ts"));
    await (first === undefined ? io.stderr : io.stdout).write(formatMainHelp());
    return first === undefined ? EXIT.usage : EXIT.ok;
  }
  const found = findCommand(first, words);
  if (found.command === undefined) {
    const { formatGroupHelp } = await lazyImport<typeof import("./help.ts")>(
      import.meta.resolve("./help.ts"),
    );
    await io.stdout.write(formatGroupHelp(first, found.group));
    return EXIT.ok;
  }
  const { name, command } = found;
  const { values, positionals, help } = parseArgs(command.flags, [...leadingFlags, ...found.words]);
  if (help) {
    const { formatCommandHelp } = await lazyImport<typeof import("./help.ts")>(
      import.meta.resolve("./help.ts"),
    );
    await io.stdout.write(formatCommandHelp(name, command));
    return EXIT.ok;
  }
  checkPositionals(command, positionals);
  if (rest !== undefined && !command.takesProgram) {
    throw new UsageError(`Cannot use "--" with ${name}`, {
      hint: "only push and run take a program after it",
    });
  }
  if (dropsRights) dropRights(callOf({ command: name, leadingQueue, values, positionals, env: io.env }));
  const run = await command.load();
  return await run({ io, leadingQueue, rest: rest ?? [] }, values, positionals) ?? EXIT.ok;
}

interface SplitArguments {
  /** The queue before the command. */
  readonly leadingQueue?: string;
  /** The options before the queue or the command. */
  readonly leadingFlags: readonly string[];
  readonly words: readonly string[];
  /** What stood after `--`. */
  readonly rest?: readonly string[];
}

/** Takes `jobq [OPTIONS] [QUEUE] COMMAND … [-- REST …]` apart. */
export function splitArguments(args: readonly string[]): SplitArguments {
  const dashes = args.indexOf("--");
  const rest = dashes < 0 ? undefined : args.slice(dashes + 1);
  const before = dashes < 0 ? args : args.slice(0, dashes);
  const flagWords = countLeadingFlags(before);
  const leadingFlags = before.slice(0, flagWords);
  const words = before.slice(flagWords);
  const [first, second] = words;
  const isCommand = (word: string | undefined) => word !== undefined && Object.hasOwn(COMMANDS, word);
  // A word that can only be an address is one, though what follows it is no command (yet).
  const leads = first !== undefined && !first.startsWith("-") && !isCommand(first) &&
    (isCommand(second) || /[/:.~]/.test(first));
  return leads
    ? { leadingQueue: first, leadingFlags, words: words.slice(1), rest }
    : { leadingFlags, words, rest };
}

/** Options that every command has, and that are followed by a value: they may stand before the command, too. */
const VALUE_FLAGS: ReadonlySet<string> = new Set(
  Object.entries(COMMON_FLAGS).filter(([, flag]) => flag.placeholder !== undefined)
    .flatMap(([key, { alias }]) => alias ? [longName(key), `-${alias}`] : [longName(key)]),
);
/** Words that look like options and are commands. */
const COMMAND_WORDS: ReadonlySet<string> = new Set(["--help", "-h", "--version", "-V"]);

function countLeadingFlags(words: readonly string[]): number {
  let count = 0;
  for (let word = words[0]; word?.startsWith("-") && !COMMAND_WORDS.has(word); word = words[count]) {
    count += VALUE_FLAGS.has(word) ? 2 : 1;
  }
  return Math.min(count, words.length);
}

/** Goes down from the first words of a command line to a command; without one, to the group that was named. */
function findCommand(first: string, words: readonly string[]) {
  const entry = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  if (entry === undefined) throw unknownCommand(first, Object.keys(COMMANDS));
  if ("flags" in entry) return { name: first, command: entry, words };
  const [second, ...others] = words;
  if (second === "--help" || second === "-h") return { group: entry };
  if (second === undefined || second.startsWith("-")) {
    const usual = entry.default === undefined ? undefined : entry.commands[entry.default];
    if (usual !== undefined) return { name: first, command: usual, words };
    if (second === undefined) return { group: entry };
  }
  const command = Object.hasOwn(entry.commands, second) ? entry.commands[second] : undefined;
  if (command === undefined) {
    throw unknownCommand(
      `${first} ${second}`,
      Object.keys(entry.commands).map((name) => `${first} ${name}`),
    );
  }
  return { name: `${first} ${second}`, command, words: others };
}

function unknownCommand(name: string, known: readonly string[]): UsageError {
  const near = closest(name, known);
  // What stands in the wrong place may be a connection string.
  return new UsageError(`Cannot run "${redactAddress(name)}": there is no such command`, {
    hint: near ? `did you mean ${near}?` : "jobq --help lists the commands",
  });
}

function checkPositionals(
  { positionals: { min, max, placeholder } = { min: 0, max: 0, placeholder: "" } }: AnyCommand,
  given: readonly string[],
): void {
  if (given.length < min) {
    throw new UsageError(`Cannot go on: ${placeholder} is missing`, {
      hint: "--help tells what is expected",
    });
  }
  if (given.length <= max) return;
  throw new UsageError(`Cannot use "${redactAddress(given[max] ?? "")}": nothing is expected there`, {
    hint: "a command for bash is given with -c 'CMD', a program and its arguments after --",
  });
}

/** What failed for want of a right says so. */
async function explained(error: unknown): Promise<unknown> {
  const { explainRefusal } = await lazyImport<typeof import("./rights_error.ts")>(
    import.meta.resolve("./rights_error.ts"),
  );
  return explainRefusal(error) ?? error;
}

/** Says what went wrong, in the form that the command line asks for, which may be one that cannot be parsed. */
function printError(error: unknown, io: Io, args: readonly string[]): number {
  const known = error instanceof JobqError;
  const message = known ? error.message : `Unexpected: ${errorMessage(error)}`;
  const hint = known ? error.hint : "this is a defect of jobq; -vv shows where it happened";
  const isVerbose = verbosityOf(args) >= 2 && error instanceof Error;
  const stack = isVerbose ? [error.stack ?? "", ...causesOf(error)].join("\n") : undefined;
  if (wantsJson(args)) {
    void io.stderr.write(formatJson({ level: "error", at: Date.now(), message, fields: { hint, stack } }));
  } else {
    const lines = [`error: ${message}`, hint && `hint: ${hint}`, stack];
    void io.stderr.write(lines.filter(Boolean).map((line) => `${line}\n`).join(""));
  }
  return known ? error.exitCode : EXIT.backend;
}

function wantsJson(args: readonly string[]): boolean {
  return args.some((word, index) =>
    word === "--log-format=json" || (word === "--log-format" && args[index + 1] === "json")
  );
}

/** How often -v stands in a command line, which may be one that cannot be parsed. */
function verbosityOf(args: readonly string[]): number {
  return args.reduce(
    (sum, word) => sum + (word === "--verbose" ? 1 : /^-v+$/.test(word) ? word.length - 1 : 0),
    0,
  );
}

function causesOf(error: Error): string[] {
  return error.cause instanceof Error
    ? [`caused by: ${error.cause.stack ?? error.cause.message}`, ...causesOf(error.cause)]
    : [];
}
