const SCRIPT = new URL("../../scripts/compile/main.ts", import.meta.url).pathname;

/** What GNU coreutils bring, as far as jobq, or a job of a test, uses it. */
const COREUTILS =
  "basename cat chmod chown cp cut date dd dirname du echo env expr false head hostname id kill ln ls mkdir mkfifo " +
  "mktemp mv nproc od paste printenv printf pwd readlink realpath rm rmdir seq sha256sum sleep sort stat stty sync " +
  "tail tee test timeout touch tr true truncate tty uname uniq wc whoami yes";

/** Makes the self-contained program from the sources as they are; answers its path. */
export async function makeExecutable(path: string): Promise<string> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", SCRIPT, "--self-contained", "--output", path],
    stdout: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return path;
}

/**
 * Makes a directory with coreutils, bash and gzip: on a PATH of its own, it is a node that has nothing else.
 *
 * @param others what jobs use besides
 */
export async function linkTools(directory: string, others: readonly string[] = []): Promise<string> {
  await Deno.mkdir(directory);
  for (const name of [...COREUTILS.split(" "), "bash", "gzip", ...others]) {
    for (const place of ["/usr/bin", "/bin"]) {
      try {
        await Deno.lstat(`${place}/${name}`);
        await Deno.symlink(`${place}/${name}`, `${directory}/${name}`);
        break;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
  return directory;
}
