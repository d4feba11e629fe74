import { numberFromEnv } from "../../core/env_number.ts";
import { UsageError } from "../../core/errors.ts";

/** How the directory of a job is copied. */
export interface DirsyncSettings {
  /** From the end of one background copy to the start of the next, in ms. */
  readonly everyMs: number;
  /** How many files are copied at the same time. */
  readonly threads: number;
  /** What is copied, as `parseGlob` has it; empty for everything. */
  readonly include: readonly string[];
  /** What is not copied even so. */
  readonly exclude: readonly string[];
  /** Files are removed here once they are safely there. */
  readonly deleteAfterCopy: boolean;
}

const DEFAULT_EVERY_S = 30;
/** A day: whoever wants fewer copies than that wants none but the last. */
const MAX_EVERY_S = 86_400;
const MIN_EVERY_S = 0.01;
const DEFAULT_THREADS = 5;
const MAX_THREADS = 256;

const ON: readonly string[] = ["1", "true", "yes"];
const OFF: readonly string[] = ["", "0", "false", "no"];

/**
 * The settings that the environment has for the copies of a directory.
 *
 * @param env answers for the job's environment first and for the worker's then
 * @throws {UsageError} naming the variable
 */
export function readDirsyncSettings(env: (name: string) => string | undefined): DirsyncSettings {
  const number = (name: string, options: Parameters<typeof numberFromEnv>[2]) =>
    numberFromEnv(name, env(name), options);
  return {
    everyMs: 1000 *
      number("AMLT_DIRSYNC_FREQ", { otherwise: DEFAULT_EVERY_S, min: MIN_EVERY_S, max: MAX_EVERY_S }),
    threads: number("AMLT_DIRSYNC_N_THREADS", {
      otherwise: DEFAULT_THREADS,
      min: 1,
      max: MAX_THREADS,
      whole: true,
    }),
    include: wordsOf(env("AMLT_DIRSYNC_INCLUDE")),
    exclude: wordsOf(env("AMLT_DIRSYNC_EXCLUDE")),
    deleteAfterCopy: isOn("AMLT_DELETE_AFTER_COPY", env("AMLT_DELETE_AFTER_COPY")),
  };
}

function wordsOf(text = ""): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function isOn(name: string, value = ""): boolean {
  const word = value.trim().toLowerCase();
  if (ON.includes(word)) return true;
  if (OFF.includes(word)) return false;
  throw new UsageError(`Cannot use $${name}: "${value}" is neither yes nor no`, {
    hint: "set it to 1 or to 0, or unset it: then nothing is removed",
  });
}
