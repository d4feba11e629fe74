import type { Build } from "../../src/cli/build.ts";
import { BackendError } from "../../src/core/errors.ts";
import type { PermissionSet } from "./rights.ts";
import { runDeno } from "./run_deno.ts";
import { stageSources } from "./stage.ts";

/** An import of another file of the bundle at the time of use. */
const DYNAMIC_IMPORT = /\bimport\(("\.\/[\w.-]+\.js")\)/g;

/** What the bundler puts in front for packages that call `require()`. */
const REQUIRE =
  /^import ?\{ ?createRequire as (\w+) ?\} ?from "node:module";\s*var (\w+) ?= ?\1\(import\.meta\.url\);/m;

/** A program that is bundled: JavaScript files in one folder, which need nothing else, and its rights in deno.json. */
export interface Bundle {
  readonly directory: string;
  /** The name of the file with which it starts. */
  readonly main: string;
  /** The sources that are in it, as paths from the root of the sources. */
  readonly sources: readonly string[];
}

/**
 * Bundles the program into files that are loaded when they are needed. They are not minified: that makes no start
 * faster, and takes the names out of the stack traces.
 *
 * @throws {BackendError} when the bundler fails, or writes something else than expected
 */
export async function bundle(
  work: string,
  { build, rights }: { build: Build; rights: PermissionSet },
): Promise<Bundle> {
  const sources = `${work}/sources`;
  const directory = `${work}/app`;
  await Deno.mkdir(sources);
  await stageSources(sources, { build, rights });
  const entry = build.kind === "self-contained" ? "scripts/compile/self_contained_main.ts" : "main.ts";
  const words = ["bundle", "--quiet", "--code-splitting", "--platform=deno", `--outdir=${directory}`, entry];
  await runDeno(words, { cwd: sources, purpose: "bundle the program" });
  const contained = new Set<string>();
  for await (const { name } of Deno.readDir(directory)) {
    const text = await Deno.readTextFile(`${directory}/${name}`);
    for (const [, source = ""] of text.matchAll(/^\/\/ ((?:src|scripts)\/\S+\.ts)$/gm)) contained.add(source);
    await Deno.writeTextFile(`${directory}/${name}`, loadLate(name, text));
  }
  // A root: Deno looks for no other one in the directories above.
  const config = { permissions: { jobq: rights }, nodeModulesDir: "none", workspace: [] };
  await Deno.writeTextFile(`${directory}/deno.json`, `${JSON.stringify(config)}\n`);
  // Deno takes the nearest file of this name for a word on what kind of modules these are.
  await Deno.writeTextFile(`${directory}/package.json`, '{ "type": "module" }\n');
  const main = entry.slice(entry.lastIndexOf("/") + 1).replace(/\.ts$/, ".js");
  return { directory, main, sources: [...contained].sort() };
}

/**
 * Keeps Deno from reading at the start what is loaded later, if at all: it looks for names in `import()`, as said at
 * `lazyImport()`; and the modules of Node behind `require()` take as long as the rest of a push.
 */
function loadLate(name: string, text: string): string {
  const late = text.replaceAll(DYNAMIC_IMPORT, "import(String($1))").replace(
    REQUIRE,
    (_all, createRequire: string, require: string) =>
      `var ${createRequire}, ${require} = (id) =>
  (${createRequire} ??= process.getBuiltinModule("node:module").createRequire(import.meta.url))(id);`,
  );
  if (!/\bfrom ?"node:module"/.test(late)) return late;
  throw new BackendError(`Cannot use "${name}" of the bundle: its require() has another form than expected`, {
    hint: "this Deno's bundler differs from the one that this script was written for",
  });
}
