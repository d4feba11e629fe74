/** The rights of the tool as it is shipped: it may run only the programs that the runner itself calls. */
export const LIMITED_RIGHTS = [
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
  "--allow-run=bash,sh,env,setsid",
] as const;

export const ALL_RIGHTS = ["-A"] as const;

/** Starts a script with the given rights; its standard input is empty. */
export function spawnScript(
  script: string,
  { rights, args, env }: { rights: readonly string[]; args: readonly string[]; env?: Record<string, string> },
): Deno.ChildProcess {
  const path = new URL(script, import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...rights, path, ...args],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}
