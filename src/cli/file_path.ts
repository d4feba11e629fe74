/** The path of a file URL. Node's own function for that takes as long to load as all that a short command does. */
export function filePath(url: string | URL): string {
  // On Windows, a drive comes after the first slash.
  return decodeURIComponent(new URL(url).pathname).replace(/^\/(?=[a-z]:)/i, "");
}
