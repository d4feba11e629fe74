/**
 * The files that SQLite has open in this process. Nobody may open and close such a file by other means: locks
 * belong to the process, not to the opening, so that close would drop SQLite's own. Another process that uses the
 * file then takes itself for the last one, and deletes the log with all that is only there
 * (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
const openings = new Map<string, number>();

/** Notes that SQLite has opened the file; answers its key, with which `noteClosing` is called. */
export function noteOpening(path: string): string {
  const key = fileKey(path);
  openings.set(key, (openings.get(key) ?? 0) + 1);
  return key;
}

/** Notes that SQLite has closed the file. */
export function noteClosing(key: string): void {
  openings.set(key, (openings.get(key) ?? 1) - 1);
}

/** Whether SQLite has the file open in this process. */
export function isOpenHere(path: string): boolean {
  return (openings.get(fileKey(path)) ?? 0) > 0;
}

/** The same for all names of a file, and another when it is replaced. */
export function fileKey(path: string): string {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return path;
  }
}
