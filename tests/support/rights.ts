const ROOT = new URL("../../", import.meta.url).pathname;

/** The rights of the tool as it is built: the named set in deno.json. */
export const LIMITED_RIGHTS = [`--config=${ROOT}deno.json`, "-P=jobq"] as const;

export const ALL_RIGHTS = ["-A"] as const;

/** The words that start jobq from its sources with the rights of the tool as it is built. */
export const LIMITED_JOBQ_WORDS: readonly string[] = [
  Deno.execPath(),
  "run",
  "--no-prompt",
  "--quiet",
  ...LIMITED_RIGHTS,
  `${ROOT}main.ts`,
];

interface ProcessOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** It gets no variables but those of `env`. */
  readonly clearEnv?: boolean;
  readonly cwd?: string;
}

/** What a process printed, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a script with the given rights; its standard input is empty. */
export function spawnScript(
  script: string,
  { rights, ...options }: ProcessOptions & { readonly rights: readonly string[] },
): Deno.ChildProcess {
  const path = new URL(script, import.meta.url).pathname;
  return spawn([Deno.execPath(), "run", "--no-prompt", "--quiet", ...rights, path], options);
}

/** Starts jobq with the rights of the tool as it is built; its standard input is empty. */
export function spawnLimitedJobq(
  args: readonly string[],
  options: Omit<ProcessOptions, "args"> = {},
): Deno.ChildProcess {
  return spawn(LIMITED_JOBQ_WORDS, { ...options, args });
}

/** Runs jobq to its end with the rights of the tool as it is built. */
export async function limitedJobq(
  args: readonly string[],
  options: Omit<ProcessOptions, "args"> = {},
): Promise<Ended> {
  return await ended(spawnLimitedJobq(args, options));
}

/** Waits for the end of a process. */
export async function ended(child: Deno.ChildProcess): Promise<Ended> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function spawn(
  [program = "", ...words]: readonly string[],
  { args, env, clearEnv = false, cwd }: ProcessOptions,
): Deno.ChildProcess {
  return new Deno.Command(program, {
    args: [...words, ...args],
    env: clearEnv ? { DENO_DIR: denoDirectory(), ...env } : env,
    clearEnv,
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Where Deno keeps packages, which it finds by variables that may be cleared. */
function denoDirectory(): string {
  const { DENO_DIR, XDG_CACHE_HOME, HOME } = Deno.env.toObject();
  return DENO_DIR ?? `${XDG_CACHE_HOME ?? `${HOME}/.cache`}/deno`;
}
