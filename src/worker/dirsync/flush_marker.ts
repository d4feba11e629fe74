/** The file by which a job asks for its directory to be copied at once. */
export const FLUSH_MARKER = ".amlt_flush_upload";

/** One request: another touch of the file is another one. */
export interface FlushRequest {
  readonly path: string;
  readonly touched: string;
}

/** The request that lies in the directory, if any. */
export function flushRequestIn(directory: string): FlushRequest | undefined {
  const path = `${directory}/${FLUSH_MARKER}`;
  try {
    const { ino, mtime, ctime, isDirectory } = Deno.lstatSync(path);
    // It may hold results.
    if (isDirectory) return undefined;
    return { path, touched: `${ino} ${mtime?.getTime()} ${ctime?.getTime()}` };
  } catch {
    return undefined;
  }
}

/** Removes the file, which tells the job that all is copied, unless it was touched again meanwhile. */
export function answerFlushRequest(directory: string, { path, touched }: FlushRequest): void {
  if (flushRequestIn(directory)?.touched === touched) Deno.removeSync(path);
}
