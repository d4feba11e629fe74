/** The bits of a regular file's mode that say that it is one. */
const REGULAR = 0o100000;

/**
 * What is kept with a blob of its file: `mtime`, as RFC 3339, and `mode`, octal with the kind of file, both as rclone
 * names and writes them: https://rclone.org/azureblob/#modification-times-and-hashes, https://rclone.org/local/#metadata
 *
 * @param modifiedAt in ms since the epoch; kept to the microsecond, which is all that a number can tell
 */
export function blobMetadata(
  { modifiedAt, mode }: { readonly modifiedAt: number; readonly mode: number },
): Record<string, string> {
  return { mtime: instant(modifiedAt), mode: `0${(REGULAR | mode & 0o7777).toString(8)}` };
}

function instant(ms: number): string {
  const micros = Math.round(ms * 1000);
  const seconds = Math.floor(micros / 1e6);
  const fraction = String(micros - seconds * 1e6).padStart(6, "0");
  return new Date(seconds * 1000).toISOString().replace(/\.000Z$/, `.${fraction}Z`);
}
