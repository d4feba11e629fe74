import { quoteWord } from "../../src/core/shell_words.ts";
import type { CommandResult } from "./fake_io.ts";

export interface JobqOptions {
  readonly stdin?: string | Uint8Array<ArrayBuffer>;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A program and its arguments that start it: `["setpriv", "--bounding-set", "-all", "--"]`. */
  readonly through?: readonly string[];
}

/** What a process wrote, and how it ended. */
export interface ProcessResult extends CommandResult {
  readonly stdoutBytes: Uint8Array;
}

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** Words with a newline between them that start another jobq than the sources: the executable, if it is tested. */
const GIVEN_WORDS = Deno.env.get("JOBQ_TEST_WORDS");

/** What the words of a command line that starts jobq are. */
export const JOBQ_WORDS: readonly string[] = GIVEN_WORDS?.split("\n") ??
  [Deno.execPath(), "run", "-A", "--quiet", MAIN];

/** Defines `jobq` in a shell script. */
const SHELL_FUNCTION = `jobq() { ${JOBQ_WORDS.map(quoteWord).join(" ")} "$@"; }\n`;

/** Runs a command line in a process of its own. */
export function jobq(
  args: readonly string[],
  { through = [], ...options }: JobqOptions = {},
): Promise<ProcessResult> {
  return runProgram([...through, ...JOBQ_WORDS, ...args], options);
}

/** Runs a bash script in which `jobq` is a command. */
export function shell(
  script: string,
  { through = [], ...options }: JobqOptions = {},
): Promise<ProcessResult> {
  return runProgram([...through, "bash", "-c", SHELL_FUNCTION + script], options);
}

/** Runs a bash script in which `jobq` is a command on a terminal of 100 columns, on which `input` is typed. */
export async function onTerminal(
  script: string,
  { input = "", ...options }: Omit<JobqOptions, "stdin" | "through"> & { input?: string } = {},
): Promise<{ code: number; output: string }> {
  const { code, stdout, stderr } = await runProgram([
    "script",
    "--quiet",
    "--return",
    "--command",
    // The script's text goes in by the environment, so that only one shell reads it.
    'exec bash -c "stty cols 100; $SCRIPT"',
    "/dev/null",
  ], { ...options, stdin: input, env: { ...options.env, SCRIPT: SHELL_FUNCTION + script } });
  return { code, output: stdout + stderr };
}

async function runProgram(
  [program = "", ...args]: readonly string[],
  { stdin = "", env, cwd }: Omit<JobqOptions, "through">,
): Promise<ProcessResult> {
  const child = new Deno.Command(program, {
    args,
    cwd,
    clearEnv: true,
    env: { ...inheritedEnv(), DENO: Deno.execPath(), MAIN, ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [output] = await Promise.all([child.output(), feed(child.stdin, stdin)]);
  const decoder = new TextDecoder();
  return {
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
    stdoutBytes: output.stdout,
  };
}

/** The environment of this process, without what would change what jobq does. */
function inheritedEnv(): Record<string, string> {
  const entries = Object.entries(Deno.env.toObject());
  return Object.fromEntries(
    entries.filter(([name]) => !/^(JOBQ(?!_CACHE_DIR)|NO_COLOR|XDG_STATE_HOME)/.test(name)),
  );
}

async function feed(
  stream: WritableStream<Uint8Array<ArrayBuffer>>,
  data: string | Uint8Array<ArrayBuffer>,
): Promise<void> {
  try {
    const writer = stream.getWriter();
    await writer.write(typeof data === "string" ? new TextEncoder().encode(data) : data);
    await writer.close();
  } catch (error) {
    // A program that has found what is wrong does not read on.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
