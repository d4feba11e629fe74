import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** The path of a file in this folder. */
export const sibling = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The words that run a script as a user's own process. */
export const denoRun = (script: string, ...args: string[]) => [Deno.execPath(), "run", "-A", script, ...args];

/** The words that run jobq from the sources. */
export const jobq = (...args: string[]) => denoRun(MAIN, ...args);

export interface StartOptions {
  /** A file for standard input. Default: empty. */
  readonly input?: string;
}

/** Starts a program whose output nobody reads. The shell in front becomes the program, so the pid is its own. */
export function start(
  words: readonly string[],
  { input = "/dev/null" }: StartOptions = {},
): Deno.ChildProcess {
  return new Deno.Command("bash", {
    args: ["-c", 'exec "$@" <"$0" >/dev/null', input, ...words],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

/** Resolves when the program has ended; its last words become the error when it failed. */
export async function finished(child: Deno.ChildProcess): Promise<void> {
  const [stderr, status] = await Promise.all([new Response(child.stderr).text(), child.status]);
  if (!status.success) throw new Error(`exit code ${status.code}: ${stderr.trim().slice(-500)}`);
}

/** Starts a program and waits for its end. */
export const run = (words: readonly string[], options?: StartOptions) => finished(start(words, options));
