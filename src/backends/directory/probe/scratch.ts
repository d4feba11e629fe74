import { systemClock } from "../../../core/clock.ts";
import { AccessDeniedError, BackendError, errorMessage, QueueNotFoundError } from "../../../core/errors.ts";
import type { Logger } from "../../../log/logger.ts";

/** How the directory in which the checks are made begins. */
export const SCRATCH_PREFIX = ".jobq-doctor-";

/** A private directory for the checks, which is removed with all in it. */
export class Scratch implements AsyncDisposable {
  readonly path: string;
  readonly #log: Logger;

  private constructor(path: string, log: Logger) {
    this.path = path;
    this.#log = log;
  }

  /** @throws {AccessDeniedError} where this user may not write, {BackendError} where it fails otherwise */
  static async make(place: string, log: Logger): Promise<Scratch> {
    try {
      return new Scratch(await Deno.makeTempDir({ dir: place, prefix: SCRATCH_PREFIX }), log);
    } catch (cause) {
      const message = `Cannot probe "${place}": ${errorMessage(cause)}`;
      if (cause instanceof Deno.errors.PermissionDenied || /os error 30\b/.test(message)) {
        throw new AccessDeniedError(`Cannot probe "${place}": this user may not write there`, {
          hint:
            "a queue needs the right to make and remove files there; check its owner, its mode and the mount",
          cause,
        });
      }
      throw new BackendError(message, { hint: "is the filesystem full, or over its quota?", cause });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What is still under way may make a file while they are removed, and NFS keeps one that is open for a moment.
    for (let attempt = 0;; attempt++) {
      try {
        await Deno.remove(this.path, { recursive: true });
        return;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return;
        if (attempt < 10) {
          await systemClock.sleep(50 * attempt);
          continue;
        }
        this.#log.warn(`cannot remove "${this.path}": ${errorMessage(error)}; remove it yourself`);
        return;
      }
    }
  }
}

/** Where the checks are made: the directory itself, or its parent while it does not exist; both without links. */
export interface Place {
  readonly path: string;
  readonly exists: boolean;
}

/** @throws {QueueNotFoundError} when neither is there, {AccessDeniedError} when it may not be looked at */
export async function findPlace(path: string): Promise<Place> {
  const trimmed = path.replace(/(?<=[^/])\/+$/, "");
  const slash = trimmed.lastIndexOf("/");
  const parent = slash < 0 ? "." : slash === 0 ? "/" : trimmed.slice(0, slash);
  const own = await directoryAt(path, trimmed);
  if (own !== undefined) return { path: own, exists: true };
  const outer = await directoryAt(path, parent);
  if (outer !== undefined) return { path: outer, exists: false };
  throw new QueueNotFoundError(`Cannot probe "${path}": the directory "${parent}" does not exist`, {
    hint: `check the name, or make it: mkdir -p ${parent}`,
  });
}

async function directoryAt(asked: string, path: string): Promise<string | undefined> {
  try {
    const real = await Deno.realPath(path);
    if ((await Deno.stat(real)).isDirectory) return real;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    if (cause instanceof Deno.errors.PermissionDenied) {
      throw new AccessDeniedError(`Cannot probe "${asked}": this user may not look at "${path}"`, {
        hint: "check the rights of the directories on the way to it",
        cause,
      });
    }
    if (!(cause instanceof Deno.errors.NotADirectory)) throw cause;
  }
  throw new QueueNotFoundError(`Cannot probe "${asked}": "${path}" is not a directory`, {
    hint: "a queue in a directory needs one of its own",
  });
}
