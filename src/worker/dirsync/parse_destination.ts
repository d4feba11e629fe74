import { UsageError } from "../../core/errors.ts";

/** Whether a destination is a container of Azure's blobs, or a folder in it, rather than a directory of this machine. */
export function isBlobUrl(destination: string): boolean {
  return /^https?:\/\//i.test(destination);
}

/**
 * The directory of this machine that a destination names, without "/" at its end.
 *
 * @throws {UsageError} for what is not an absolute path
 */
export function localPathOf(destination: string): string {
  const path = destination.replace(/^file:\/\//i, "");
  if (!isAbsolute(path) || path.includes("\0")) {
    throw new UsageError(`Cannot sync to "${destination}": the path must be absolute`, {
      hint: "the workers that run the job have other working and home directories: write it from / on",
    });
  }
  return path.replace(/(?<=.)\/+$/s, "");
}

function isAbsolute(path: string): boolean {
  return path.startsWith("/") || (Deno.build.os === "windows" && /^(?:[a-z]:[\\/]|\\\\)/i.test(path));
}
