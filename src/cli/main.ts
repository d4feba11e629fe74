import { type ApplicationContext, run } from "@stricli/core";
import config from "../../deno.json" with { type: "json" };
import { errorMessage, JobqError, UsageError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit_code.ts";
import { app } from "./app.ts";
import type { CliContext } from "./context.ts";
import { type Io, systemIo } from "./io.ts";

/** Runs one command line; answers the process's exit code. */
export async function main(args: readonly string[], io: Io = systemIo()): Promise<ExitCode> {
  const code = await dispatch(args, io);
  // Whatever is still on its way is out before the process ends.
  await Promise.all([io.stdout.write(""), io.stderr.write("")]);
  return code;
}

async function dispatch(args: readonly string[], io: Io): Promise<ExitCode> {
  const { leadingQueue, words, rest } = splitArguments(args);
  const [first] = words;
  if (first === "--version" || first === "-V") {
    void io.stdout.write(`jobq ${config.version}\n`);
    return EXIT.ok;
  }
  if (first === "__complete") {
    const { proposeWords } = await import("./commands/completions.ts");
    void io.stdout.write(await proposeWords(rest, io));
    return EXIT.ok;
  }
  if (rest.length > 0 && first !== "push") {
    return printError(
      new UsageError(`Cannot use "--" with ${first ?? "no command"}`, {
        hint: "only push takes a program after --",
      }),
      io,
      0,
    );
  }
  const context = newContext(io, { leadingQueue, rest });
  await run(app, words, context);
  const { exitCode, error, verbosity } = context.outcome;
  if (error !== undefined) return printError(error, io, verbosity);
  // Negative codes are the parser's own: an unknown command, a wrong argument.
  return Number(context.process.exitCode ?? 0) < 0 ? EXIT.usage : exitCode;
}

/** A context whose streams are those of `io`. */
export function newContext(
  io: Io,
  { leadingQueue, rest }: { leadingQueue?: string; rest: readonly string[] },
): CliContext & ApplicationContext {
  return {
    io,
    leadingQueue,
    rest,
    outcome: { exitCode: EXIT.ok, verbosity: 0 },
    process: {
      stdout: { write: (text: string) => void io.stdout.write(text) },
      stderr: { write: (text: string) => void io.stderr.write(text) },
      env: { STRICLI_SKIP_VERSION_CHECK: "1", STRICLI_NO_COLOR: "1" },
    },
  };
}

/** Takes `jobq [QUEUE] COMMAND … [-- REST …]` apart. */
export function splitArguments(args: readonly string[]): {
  leadingQueue?: string;
  words: readonly string[];
  rest: readonly string[];
} {
  const dashes = args.indexOf("--");
  const rest = dashes < 0 ? [] : args.slice(dashes + 1);
  const words = dashes < 0 ? args : args.slice(0, dashes);
  const [first, second] = words;
  const isCommand = (word: string | undefined) => word !== undefined && COMMANDS.has(word);
  const leads = first !== undefined && !first.startsWith("-") && !isCommand(first) && isCommand(second);
  return leads ? { leadingQueue: first, words: words.slice(1), rest } : { words, rest };
}

const COMMANDS: ReadonlySet<string> = new Set(
  "getAllEntries" in app.root ? app.root.getAllEntries().map(({ name }) => name.original) : [],
);

function printError(error: unknown, io: Io, verbosity: number): ExitCode {
  const known = error instanceof JobqError;
  const lines = [`error: ${known ? error.message : `Unexpected: ${errorMessage(error)}`}`];
  if (known && error.hint) lines.push(`hint: ${error.hint}`);
  if (!known) lines.push("hint: this is a defect of jobq; -vv shows where it happened");
  if (verbosity >= 2 && error instanceof Error) lines.push(error.stack ?? "", ...causesOf(error));
  void io.stderr.write(`${lines.join("\n")}\n`);
  return known ? error.exitCode : EXIT.backend;
}

function causesOf(error: Error): string[] {
  return error.cause instanceof Error
    ? [`caused by: ${error.cause.stack ?? error.cause.message}`, ...causesOf(error.cause)]
    : [];
}
