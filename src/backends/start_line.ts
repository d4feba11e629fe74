import { withLinkerVariables } from "../core/linker_variables.ts";
import { programPlaces } from "../core/program_places.ts";

/** What is handed to the system to start a program. */
export interface StartLine {
  readonly file: string;
  readonly args: string[];
  readonly env: Record<string, string>;
}

/** Becomes the program that its words name. */
const BECOME = 'exec "$0" "$@"';

/**
 * How a program is started whichever it is and whatever stands in its environment, though this process may only have the
 * right to run a few: a shell becomes it, under the same process id.
 *
 * @param words the program, by its path or by a name that PATH in `env` finds, and its arguments
 * @param options `env`: the whole environment; `script`: for the shell, in which `exec "$0" "$@"` becomes the program
 */
export function startLine(
  words: readonly string[],
  { env, script = BECOME }: { readonly env: Readonly<Record<string, string>>; readonly script?: string },
): StartLine {
  const shell = findProgram("sh", env.PATH);
  const envProgram = findProgram("env", env.PATH);
  // Where there is none (Windows), there is no need for one either, or nothing to be done about it.
  const whole = shell === undefined ? words : [shell, "-c", script, ...words];
  const isLimited = Deno.permissions.querySync({ name: "run" }).state !== "granted";
  const line = isLimited && envProgram !== undefined
    ? withLinkerVariables(whole, env, envProgram)
    : { words: whole, env };
  const [file = "", ...args] = line.words;
  return { file, args, env: { ...line.env } };
}

/** The absolute path of a program that this process may run; undefined where there is none. */
function findProgram(name: string, path: string | undefined): string | undefined {
  return programPlaces(path).map((place) => `${place}/${name}`).find((file) =>
    isExecutable(file) && Deno.permissions.querySync({ name: "run", command: file }).state === "granted"
  );
}

function isExecutable(file: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(file);
    return isFile && ((mode ?? 0o111) & 0o111) !== 0;
  } catch {
    return false;
  }
}
