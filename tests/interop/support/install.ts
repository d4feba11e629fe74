/** The Python tool ai4s-jobq, installed with pip into a virtual environment, once for a checkout. */

const REQUIREMENTS = new URL("../python/requirements.txt", import.meta.url);
/** Ignored by git and by Deno. */
const home = new URL("../../../.interop/", import.meta.url);

/** Fails without a Python that can do it. The requirements are those of this version and later ones. */
const CHECK =
  "import sys, venv, ensurepip; assert sys.version_info >= (3, 11); print(sys.executable, sys.version)";

/** pip's words for an index that answered nothing, or was not reached. Else it names the versions that there are. */
const NO_INDEX = /\(from versions: none\)/;

/** There is no Python for it, or its package index cannot be reached from here: nothing is wrong with jobq. */
export class NoPythonToolError extends Error {}

/**
 * Answers the folder with the tool's programs. Where it is missing it is made, in about 20 s, of which pip fetches
 * 16 MB. Runs at the same time wait for the first of them.
 *
 * @throws {NoPythonToolError}
 */
export async function installPythonTool(): Promise<string> {
  const whole = await wholeInstallation();
  if (await exists(whole)) return programsIn(whole);
  await Deno.mkdir(home, { recursive: true });
  using lock = await Deno.open(new URL("lock", home), { write: true, create: true });
  await lock.lock(true);
  if (!await exists(whole)) await install(whole);
  return programsIn(whole);
}

/** The folder with the tool's programs, if it was installed before. */
export async function findPythonTool(): Promise<string | undefined> {
  try {
    const whole = await wholeInstallation();
    return await exists(whole) ? programsIn(whole) : undefined;
  } catch (error) {
    if (error instanceof NoPythonToolError) return undefined;
    throw error;
  }
}

/**
 * Only a whole installation gets its name, which is a link: a virtual environment cannot be moved. What is left of
 * others, interrupted or old, is thrown away.
 */
async function install(whole: URL): Promise<void> {
  for await (const { name } of Deno.readDir(home)) {
    // The pip of an interrupted installation may still write.
    if (name !== "lock") await Deno.remove(new URL(name, home), { recursive: true }).catch(() => {});
  }
  const work = await Deno.makeTempDir({ dir: home.pathname });
  await run("python3", ["-m", "venv", work]);
  await run(`${work}/bin/python`, [
    ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
    // What would have to be built here may miss what it is built with.
    ...["--only-binary=:all:", "--requirement", REQUIREMENTS.pathname],
  ]);
  await Deno.symlink(work, whole);
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await start(program, args);
  const [printed = "", said = ""] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  if (success) return printed;
  if (args.includes(CHECK)) {
    throw new NoPythonToolError("it needs Python 3.11 with its modules venv and ensurepip");
  }
  if (NO_INDEX.test(said)) throw new NoPythonToolError("pip does not reach a package index that has it");
  throw new Error(`Cannot install ai4s-jobq: ${program} failed:\n${printed}\n${said}`);
}

async function start(program: string, args: readonly string[]): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command(program, { args: [...args], stdout: "piped", stderr: "piped" }).output();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new NoPythonToolError(`there is no ${program}`, { cause });
  }
}

/** Its name tells of the Python that it belongs to, and of what is in it. */
async function wholeInstallation(): Promise<URL> {
  const texts = await Promise.all([run("python3", ["-c", CHECK]), Deno.readTextFile(REQUIREMENTS)]);
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(texts.join("\0")));
  return new URL(`ai4s-jobq-${new Uint8Array(hash).toHex().slice(0, 16)}`, home);
}

function programsIn(whole: URL): string {
  return `${whole.pathname}/bin`;
}

async function exists(file: URL): Promise<boolean> {
  try {
    await Deno.stat(file);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
