import { BackendError } from "../../src/core/errors.ts";

export interface RunDenoOptions {
  readonly cwd: string;
  /** What it is for, for the error: "bundle the program". */
  readonly purpose: string;
  /** A hint for what it wrote to standard error. */
  readonly hintFor?: (stderr: string) => string | undefined;
}

/** Runs this Deno to its end. @throws {BackendError} when it fails, with what it said */
export async function runDeno(
  args: readonly string[],
  { cwd, purpose, hintFor }: RunDenoOptions,
): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  const text = new TextDecoder().decode(stderr).replace(/\s*Stack backtrace:.*$/s, "").trim();
  const said = text.split("\n").slice(-20).join("\n");
  throw new BackendError(`Cannot ${purpose}: ${said}`, { hint: hintFor?.(text) });
}
