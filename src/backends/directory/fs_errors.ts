import { AccessDeniedError, BackendError, errorMessage, JobqError } from "../../core/errors.ts";

const NO_ROOM: readonly string[] = ["ENOSPC", "EDQUOT"];
const NO_RIGHT: readonly string[] = ["EACCES", "EPERM", "EROFS"];

/** Linux's numbers of those errors that the runtime does not name: errno(3). */
const NUMBERS: Readonly<Record<string, string>> = {
  "37": "ENOLCK",
  "38": "ENOSYS",
  "116": "ESTALE",
  "122": "EDQUOT",
};

/** The system's name of an error, as "ENOENT"; "" when it is none of the system's. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  const [, number = ""] = /\(os error (\d+)\)/.exec(error.message) ?? [];
  return NUMBERS[number] ?? "";
}

export function isNoRoom(error: unknown): boolean {
  return NO_ROOM.includes(codeOf(error));
}

export function isMissing(error: unknown): boolean {
  return codeOf(error) === "ENOENT";
}

/** Whether an error says that this user may not do it, or nobody at this moment. */
export function isDenied(error: unknown): boolean {
  return NO_RIGHT.includes(codeOf(error)) || error instanceof Deno.errors.NotCapable;
}

/**
 * What to tell of an error of the filesystem.
 *
 * @param action what was to be done: "push to"
 */
export function explain(error: unknown, action: string, queue: string): JobqError {
  if (error instanceof JobqError) return error;
  const message = `Cannot ${action} "${queue}": ${errorMessage(error)}`;
  if (isNoRoom(error)) {
    return new BackendError(message, {
      transient: true,
      hint: "make room on the filesystem; nothing is lost, and waiting workers go on by themselves",
      cause: error,
    });
  }
  if (isDenied(error)) {
    return new AccessDeniedError(message, {
      hint: "a queue in a directory needs the rights to read, write and search it and all that is in it",
      cause: error,
    });
  }
  return new BackendError(message, { transient: true, cause: error });
}

/** As `explain`, for what a worker does meanwhile: rights that are taken away may be given back. */
export function explainForWorker(error: unknown, action: string, queue: string): JobqError {
  const explained = explain(error, action, queue);
  if (!(explained instanceof AccessDeniedError)) return explained;
  return new BackendError(explained.message, { transient: true, hint: explained.hint, cause: error });
}
