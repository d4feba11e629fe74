import { BackendError } from "../../core/errors.ts";

/** In UTF-16 units, and in parts between slashes. */
const MAX_LENGTH = 1024;
const MAX_PARTS = 254;

/**
 * The name of a file's blob under a prefix, which may be empty.
 *
 * @param destination for messages
 * @throws {BackendError} when the blob service would not keep the name as it is
 */
export function blobNameOf(
  file: string,
  { prefix, destination }: { prefix: string; destination: string },
): string {
  const name = prefix === "" ? file : `${prefix}/${file}`;
  const fault = faultOfBlobName(name);
  if (fault === undefined) return name;
  throw new BackendError(`Cannot copy ${JSON.stringify(file)} to "${destination}": ${fault}`, {
    hint: "rename the file, or leave it out with AMLT_DIRSYNC_EXCLUDE",
  });
}

/**
 * What keeps a text from being the name of a blob: the service takes a backslash for a slash, and drops dots at the ends.
 * Source: "Naming and referencing containers, blobs, and metadata" of the Azure Storage services.
 */
export function faultOfBlobName(name: string): string | undefined {
  const parts = name.split("/");
  if (parts.includes("")) return "a blob's name has no empty part between slashes";
  if (name.includes("\\")) return "the blob service takes a backslash for a slash";
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f-\x9f\ufffe\uffff]/.test(name)) return "a blob's name has no control characters";
  if (!name.isWellFormed()) return "a blob's name is well-formed Unicode";
  if (parts.some((part) => part.endsWith("."))) return "no part of a blob's name ends with a dot";
  if (name.length > MAX_LENGTH) return `a blob's name has at most ${MAX_LENGTH} characters`;
  return parts.length > MAX_PARTS ? `a blob's name has at most ${MAX_PARTS} parts` : undefined;
}
