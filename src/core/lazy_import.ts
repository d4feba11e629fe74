/**
 * Loads a module at the time of the call. Deno reads every file whose name stands in an `import()` before a program
 * starts, used or not; for those of all commands that takes as long as a push. A name that is handed over is not seen,
 * and so has its type named beside it:
 *
 *     lazyImport<typeof import("./help.ts")>(import.meta.resolve("./help.ts"))
 *
 * To put them into an executable, `deno compile` has to be told `--include src`.
 */
export async function lazyImport<Module>(url: string): Promise<Module> {
  return await import(url);
}
