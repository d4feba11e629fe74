/** What tells one version of a file from the next. */
export interface FileState {
  readonly sizeBytes: number;
  /** Ms since the epoch; whoever writes the file can set it. */
  readonly modifiedAt: number;
  /** Ms since the epoch, in whole seconds, set by the system at each change; where it sets none, as `modifiedAt`. */
  readonly changedAt: number;
  readonly inode: number;
  /** The permission bits. */
  readonly mode: number;
}

/** Of what `stat` answers. */
export function fileStateOf(info: Deno.FileInfo): FileState {
  const modifiedAt = info.mtime?.getTime() ?? 0;
  return {
    sizeBytes: info.size,
    modifiedAt,
    changedAt: info.ctime?.getTime() ?? modifiedAt,
    inode: info.ino ?? 0,
    mode: (info.mode ?? 0o644) & 0o7777,
  };
}

/** Of the file at `path`, or that a link there leads to; undefined where there is none. @throws other errors of stat */
export function readFileState(path: string): FileState | undefined {
  try {
    const info = Deno.statSync(path);
    return info.isFile ? fileStateOf(info) : undefined;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Whether an error says that there is nothing of that name. */
export function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

/** Whether nothing was written in between, as far as can be told. */
export function isUnchanged(before: FileState, after: FileState): boolean {
  return before.sizeBytes === after.sizeBytes && before.modifiedAt === after.modifiedAt &&
    before.changedAt === after.changedAt && before.inode === after.inode;
}
