/** Azurite, installed with npm and bundled into one file, once for a checkout. */

const npm = new URL("npm/", import.meta.url);
/** Ignored by git and by Deno. */
const home = new URL("../../../.azurite/", import.meta.url);

const SOURCES = ["package.json", "package-lock.json", "stub/package.json", "stub/index.js"] as const;

const NPM_ARGS = ["ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];

const BUNDLE_ARGS = [
  ...["bundle", "--quiet", "--no-lock", "--node-modules-dir=manual"],
  // For a database that is not used here, and not among what Azurite installs.
  "--external=pg-hstore",
  ...["--output=azurite.js", "node_modules/azurite/dist/src/azurite.js"],
];

/**
 * Answers the path of the bundle that runs Azurite's services in one process. Where it is missing it is made: npm
 * fetches 127 MB, of which one file of 8 MB is kept. Runs at the same time wait for the first of them.
 *
 * @throws when npm is missing or does not reach its registry, or the test task found that already
 */
export async function installAzurite(): Promise<string> {
  // npm tries for over a minute, and each test would try anew.
  if (Deno.env.get("JOBQ_TEST_AZURITE") === "") throw new Error("The test task could not start Azurite");
  const bundle = new URL(`azurite-${await fingerprint()}.js`, home);
  if (await exists(bundle)) return bundle.pathname;
  await Deno.mkdir(home, { recursive: true });
  using lock = await Deno.open(new URL("lock", home), { write: true, create: true });
  await lock.lock(true);
  if (!await exists(bundle)) await install(bundle);
  return bundle.pathname;
}

/** Only a whole bundle gets its name. What is left of other installations, interrupted or old, is thrown away. */
async function install(bundle: URL): Promise<void> {
  const work = new URL(`file://${await Deno.makeTempDir({ dir: home.pathname })}/`);
  await Deno.mkdir(new URL("stub/", work));
  for (const name of SOURCES) await Deno.copyFile(new URL(name, npm), new URL(name, work));
  await run("npm", { args: NPM_ARGS, cwd: work });
  await run(Deno.execPath(), { args: BUNDLE_ARGS, cwd: work });
  await Deno.rename(new URL("azurite.js", work), bundle);
  for await (const { name } of Deno.readDir(home)) {
    const path = new URL(name, home);
    // The npm of an interrupted installation may still write.
    if (name !== "lock" && path.href !== bundle.href) {
      await Deno.remove(path, { recursive: true }).catch(() => {});
    }
  }
}

async function run(program: string, options: { args: string[]; cwd: URL }): Promise<void> {
  const command = new Deno.Command(program, { ...options, stdout: "null", stderr: "piped" });
  const { success, stderr } = await command.output().catch((cause) => {
    throw new Error(`Cannot install Azurite: ${program} cannot be started`, { cause });
  });
  if (success) return;
  throw new Error(`Cannot install Azurite: ${program} failed:\n${new TextDecoder().decode(stderr).trim()}`);
}

/** Of all that decides what the bundle holds, this file included. */
async function fingerprint(): Promise<string> {
  const files = [...SOURCES.map((name) => new URL(name, npm)), new URL(import.meta.url)];
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(file)));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(texts.join("\0")));
  return new Uint8Array(hash).toHex().slice(0, 16);
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
