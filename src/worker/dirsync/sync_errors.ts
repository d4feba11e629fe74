import { AccessDeniedError, BackendError, errorMessage, JobqError } from "../../core/errors.ts";

const NO_ROOM: readonly string[] = ["ENOSPC", "EDQUOT"];
const NO_RIGHT: readonly string[] = ["EACCES", "EPERM"];
/** Linux's numbers of those errors that the runtime does not name: errno(3). */
const NUMBERS: Readonly<Record<string, string>> = { "38": "ENOSYS", "122": "EDQUOT" };

/** The system's name of an error, as "ENOENT"; "" when it is none of the system's. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  const [, number = ""] = /\(os error (\d+)\)/.exec(error.message) ?? [];
  return NUMBERS[number] ?? "";
}

/** What the system says, without the paths that the runtime adds to it. */
export function reasonOf(error: unknown): string {
  return errorMessage(error).replace(/(\(os error \d+\)): .*$/s, "$1");
}

/**
 * What to tell of an error of the filesystem.
 *
 * @param action what cannot be done, names and all: `copy "a" to "/mnt/results"`
 */
export function explain(error: unknown, action: string): JobqError {
  if (error instanceof JobqError) return error;
  const code = codeOf(error);
  const say = (reason: string) => `Cannot ${action}: ${reason}`;
  const options = { cause: error };
  if (NO_ROOM.includes(code)) {
    return new BackendError(say("the disk is full, or a quota is used up"), {
      ...options,
      transient: true,
      hint: "make room there",
    });
  }
  if (code === "EROFS") {
    return new AccessDeniedError(say("the filesystem is mounted for reading only"), {
      ...options,
      hint: "mount it for writing as well",
    });
  }
  if (error instanceof Deno.errors.NotCapable) {
    return new AccessDeniedError(say("this worker has no right to that place"), {
      ...options,
      hint: "what the system keeps under /dev, /proc and /sys is closed to it: name another directory",
    });
  }
  if (NO_RIGHT.includes(code)) {
    return new AccessDeniedError(say(reasonOf(error)), {
      ...options,
      hint: "the worker's user needs the right to read what is copied, and to write where it is copied to",
    });
  }
  if (code === "ENAMETOOLONG") return new BackendError(say("its name is too long for that place"), options);
  return new BackendError(say(reasonOf(error)), { ...options, transient: true });
}
