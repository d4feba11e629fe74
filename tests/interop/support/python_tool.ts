import type { CommandResult } from "../../support/fake_io.ts";
import { testWhere } from "../../support/testing.ts";
import { findPythonTool } from "./install.ts";

/** Where its programs lie; undefined where it is not installed, "" where the test task has said that. */
const programs = Deno.env.get("JOBQ_TEST_PYTHON_TOOL") ?? await findPythonTool();

/** A test with the Python tool. */
export function interopTest(name: string, fn: () => Promise<void>): void {
  if (programs !== "") testWhere(programs !== undefined, "ai4s-jobq: deno task test:interop", name, fn);
}

/** The path of one of its programs. */
export function pythonProgram(name: "ai4s-jobq" | "python"): string {
  return `${programs}/${name}`;
}

/** The environment of its programs: of this process' own, nothing that changes what they do. */
export function pythonEnv(): Record<string, string> {
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) =>
    !/^(JOBQ|A[ZM]|PYTHON)/.test(name)
  );
  return {
    ...Object.fromEntries(inherited),
    // It would write to the home directory.
    JOBQ_COPILOT_SKILL: "0",
    // One line of the log is one line.
    COLUMNS: "1000",
    TERM: "dumb",
    NO_COLOR: "1",
  };
}

/** Runs a command line of the Python tool. */
export function python(args: readonly string[], stdin = ""): Promise<CommandResult> {
  return run(pythonProgram("ai4s-jobq"), args, stdin);
}

/** Runs a script with the tool's library; answers what it printed. */
export async function pythonScript(script: string, stdin: string): Promise<string> {
  const { code, stdout, stderr } = await run(pythonProgram("python"), ["-c", script], stdin);
  if (code !== 0) throw new Error(`the script exited with ${code}: ${stderr}`);
  return stdout;
}

async function run(program: string, args: readonly string[], stdin: string): Promise<CommandResult> {
  const child = new Deno.Command(program, {
    args: [...args],
    clearEnv: true,
    env: pythonEnv(),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const fed = new Blob([stdin]).stream().pipeTo(child.stdin);
  const [{ code, stdout, stderr }] = await Promise.all([child.output(), fed]);
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
