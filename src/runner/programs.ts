import { BackendError } from "../core/errors.ts";
import { programPlaces } from "../core/program_places.ts";

/** The programs that the runner starts, as absolute paths: a job may change PATH, and must not change these. */
export interface Programs {
  readonly bash: string;
  readonly sh: string;
  readonly env: string;
  /** Absent where util-linux is not installed (macOS). */
  readonly setsid?: string;
  /** Makes terminals. Absent where util-linux is not, or only in part, installed. */
  readonly script?: string;
}

/**
 * Finds the programs once, along the worker's own PATH.
 *
 * @param terminal whether jobs are to have a terminal
 * @throws {BackendError} when there is no bash, sh or env, or, for a terminal, no script
 */
export async function findPrograms(path: string, { terminal = false } = {}): Promise<Programs> {
  const places = programPlaces(path);
  const [bash, sh, env, setsid, script] = await Promise.all(
    ["bash", "sh", "env", "setsid", "script"].map((name) => find(name, places)),
  );
  if (bash === undefined || sh === undefined || env === undefined) {
    throw new BackendError(`Cannot run jobs: ${bash ? (sh ? "env" : "sh") : "bash"} is not on this machine`, {
      hint: "install bash and coreutils, or add their directory to PATH",
    });
  }
  if (terminal && script === undefined) {
    throw new BackendError("Cannot give jobs a terminal: script is not on this machine", {
      hint: "install util-linux (on Debian and Ubuntu: bsdutils), or do without --emulate-tty",
    });
  }
  return { bash, sh, env, setsid, script };
}

/** The first that is there; with a limited right to run programs, the first that may be run, if any. */
async function find(name: string, places: readonly string[]): Promise<string | undefined> {
  let found: string | undefined;
  for (const place of places) {
    const path = `${place}/${name}`;
    const stat = await Deno.stat(path).catch(() => undefined);
    if (!stat?.isFile || ((stat.mode ?? 0o111) & 0o111) === 0) continue;
    if ((await Deno.permissions.query({ name: "run", command: path })).state === "granted") return path;
    found ??= path;
  }
  return found;
}
