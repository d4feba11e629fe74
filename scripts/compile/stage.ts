import type { Build } from "../../src/cli/build.ts";
import { BackendError } from "../../src/core/errors.ts";
import config from "../../deno.json" with { type: "json" };
import type { PermissionSet } from "./rights.ts";

const ROOT = new URL("../../", import.meta.url);

/** `lazyImport<typeof import("./x.ts")>(import.meta.resolve("./x.ts"))`, in which the bundler sees no import. */
const LAZY_IMPORT =
  /lazyImport(?:<typeof import\("[^"]+"\)>)?\(\s*import\.meta\.resolve\(\s*("[^"]+"),?\s*\),?\s*\)/g;

/**
 * Puts a copy of the sources into an empty directory, with what is known of this build in it, and every import where
 * the bundler can see it.
 */
export async function stageSources(
  directory: string,
  { build, rights }: { build: Build; rights: PermissionSet },
): Promise<void> {
  // The program tells its rights by it.
  const known = { ...config, permissions: { jobq: rights } };
  await Deno.writeTextFile(`${directory}/deno.json`, JSON.stringify(known));
  for (const name of ["deno.lock", "main.ts", "scripts/compile/self_contained_main.ts"]) {
    await copy(name, directory);
  }
  for await (const name of sourceFiles("src")) await copy(name, directory);
  await Deno.writeTextFile(
    `${directory}/src/cli/build.ts`,
    `export const BUILD = ${JSON.stringify(build)};\n`,
  );
}

/** The files below a folder of the sources, as paths from the root. */
export async function* sourceFiles(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(`${folder}/`, ROOT))) {
    if (isDirectory) yield* sourceFiles(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

async function copy(name: string, directory: string): Promise<void> {
  const target = `${directory}/${name}`;
  await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
  const text = await Deno.readTextFile(new URL(name, ROOT));
  const open = text.replace(LAZY_IMPORT, "import($1)");
  if (/\blazyImport(?:<.*>)?\((?!url)/.test(open)) {
    throw new BackendError(`Cannot bundle "${name}": a lazyImport() in it has another form than the others`, {
      hint: "write it as the docstring of lazyImport() shows",
    });
  }
  await Deno.writeTextFile(target, open);
}
