import { BUILD } from "./build.ts";
import { filePath } from "./file_path.ts";

/** How a program is started. */
export interface OwnProgram {
  /** An absolute path. */
  readonly command: string;
  /** What stands before jobq's own words. */
  readonly args: readonly string[];
  /** What its environment must have besides this process's. */
  readonly env: Readonly<Record<string, string>>;
}

/** Without it Deno would keep compiled code in the home directory, and put itself on the PATH as `node`. */
const OWN_ENV = { DENO_DIR: "/dev/null/none", DENO_DISABLE_NODE_SHIM: "1" };

/** How this very program is started once more, with the rights that it was given at its own start. */
export function ownProgram(): OwnProgram {
  const command = Deno.execPath();
  if (Deno.build.standalone) return { command, args: [], env: {} };
  if (BUILD?.kind === "self-contained") {
    // Its file may have been replaced since; what was unpacked from it stays.
    return { command, args: runWords(filePath(Deno.mainModule)), env: OWN_ENV };
  }
  return { command, args: runWords(filePath(import.meta.resolve("../../main.ts"))), env: {} };
}

/**
 * The words with which Deno runs the main file of the sources, or of a self-contained program. Its rights are in a file
 * beside it.
 */
export function runWords(main: string): string[] {
  const config = main.replace(/[^/]*$/, "deno.json");
  const noOthers = ["--no-prompt", "--no-lock", "--no-remote", "--no-npm"];
  return ["run", "--quiet", ...noOthers, `--config=${config}`, "-P=jobq", main];
}
