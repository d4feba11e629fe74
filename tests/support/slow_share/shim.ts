/** A library that makes a local directory behave as a badly caching network filesystem does: see shim.c. */

const source = new URL("shim.c", import.meta.url);

let built: Promise<string | undefined> | undefined;

/**
 * Answers the path of the library, which is made once for a test file and removed with it; undefined where there is no C
 * compiler `cc`, or no Linux. To be called outside of tests: what it makes outlives them.
 *
 * @throws when the compiler refuses it
 */
export function buildShim(): Promise<string | undefined> {
  return built ??= build();
}

export interface ShimOptions {
  /** What `buildShim()` answered. */
  readonly library: string;
  /** Only what is below it is affected. */
  readonly directory: string;
  /** How long another process does not see an entry that one made, or moved there, in ms. Default 0. */
  readonly delayMs?: number;
  /** Of 100 renames, links, mkdirs and removals, how many are done twice and get the second answer. Default 0. */
  readonly repeatPercent?: number;
  /** Of 100 openings of entries, or looks at them, how many fail with ESTALE. Default 0. */
  readonly stalePercent?: number;
  /** The error with which every lock of a file fails. Default: locks are as they were. */
  readonly locks?: "ENOLCK" | "ENOSYS" | "ESTALE";
}

/** The environment of a process, and of those that it starts, for whom the directory is to be such a share. */
export function shimEnv(
  { library, directory, delayMs = 0, repeatPercent = 0, stalePercent = 0, locks }: ShimOptions,
): Record<string, string> {
  return {
    LD_PRELOAD: library,
    SHARE_DIR: directory,
    SHARE_DELAY_MS: `${delayMs}`,
    SHARE_REPEAT_PERCENT: `${repeatPercent}`,
    SHARE_STALE_PERCENT: `${stalePercent}`,
    SHARE_LOCKS: locks ?? "",
  };
}

async function build(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const directory = await Deno.makeTempDir({ prefix: "jobq_test_shim_" });
  addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
  const library = `${directory}/shim.so`;
  const args = ["-O1", "-shared", "-fPIC", "-o", library, source.pathname, "-ldl", "-lpthread"];
  try {
    const { success, stderr } = await new Deno.Command("cc", { args, stderr: "piped" }).output();
    if (success) return library;
    throw new Error(`Cannot build ${source.pathname}: ${new TextDecoder().decode(stderr)}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
