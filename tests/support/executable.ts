import { linkTools, makeExecutable } from "./make_executable.ts";
import { TempDir } from "./temp_dir.ts";

/** Where the tools are, and the executable if it is made here. */
const work = await TempDir.make();
addEventListener("unload", () => Deno.removeSync(work.path, { recursive: true }));

/** A directory with nothing but coreutils, bash and gzip: on a PATH of its own, it is a node that has little else. */
export const TOOLS: string = await linkTools(work.join("tools"));

/** The self-contained program: that of the test task, or, where a file is tested on its own, one made for it. */
export const EXECUTABLE: string = Deno.env.get("JOBQ_TEST_EXECUTABLE") ||
  await makeExecutable(work.join("jobq"));

/** What it is unpacked into by tests that are not about that. */
export const CACHE: string = work.join("cache");

export interface StartOptions {
  /** Of the executable, or a copy of it. */
  readonly file?: string;
  /** All that it gets besides a PATH; by default it takes what other tests unpacked. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
  /** A program and its arguments that start it. */
  readonly through?: readonly string[];
}

/** What a process wrote, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the executable with an environment of its own. */
export function startExecutable(
  args: readonly string[],
  { file = EXECUTABLE, env = { JOBQ_CACHE_DIR: CACHE, TMPDIR: work.path }, cwd, through = [], stdin }:
    StartOptions = {},
): Deno.ChildProcess {
  const path = env.PATH ?? TOOLS;
  // What starts it is found on this process's PATH.
  const words = through.length > 0
    ? [`PATH=${Deno.env.get("PATH")}`, ...through, "/usr/bin/env", `PATH=${path}`]
    : [];
  const [program = "", ...rest] = [...words.length > 0 ? ["/usr/bin/env", ...words] : [], file, ...args];
  return new Deno.Command(program, {
    args: rest,
    cwd,
    clearEnv: true,
    env: { ...env, PATH: path },
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs the executable to its end. */
export async function runExecutable(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  const child = startExecutable(args, options);
  const [{ code, stdout, stderr }] = await Promise.all([child.output(), feed(child, options.stdin)]);
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

async function feed(child: Deno.ChildProcess, text: string | undefined): Promise<void> {
  if (text === undefined) return;
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
}
