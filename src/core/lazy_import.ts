/**
 * Loads a module at the time of the call. Deno reads every file whose name stands in an `import()` before a program
 * starts, used or not; for those of all commands that takes as long as a push. A name that is handed over is not seen,
 * and so has its type named beside it:
 *
 *     lazyImport<typeof import("./help.ts")>(import.meta.resolve("./help.ts"))
 *
 * An executable is made of a copy of the sources in which these are plain imports, and are hidden again once the
 * bundler has seen them: scripts/compile.
 */
export async function lazyImport<Module>(url: string): Promise<Module> {
  return await import(url);
}
