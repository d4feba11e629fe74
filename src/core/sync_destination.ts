/** One file of a directory that is synchronised. */
export interface SyncFile {
  /** Where it is on this machine. */
  readonly path: string;
  /** What it is called at the destination: its path below the directory, with "/" between its parts. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Its time of modification, in ms since the epoch; may have a fraction. */
  readonly modifiedAt: number;
  /** Its permission bits. */
  readonly mode: number;
}

export interface PutOptions {
  readonly signal?: AbortSignal;
  /** Awaited in the last moment before the copy can be seen; when it rejects, nothing is seen. */
  readonly ready?: () => Promise<void>;
}

/** Where the directory of a job is copied to. */
export interface SyncDestination extends AsyncDisposable {
  /** For messages; holds no secrets. */
  readonly name: string;
  /**
   * Looks whether copies can be put there, before the job starts.
   *
   * @throws {BackendError} {AccessDeniedError} saying what is missing and what to do
   */
  prepare(options?: { signal?: AbortSignal }): Promise<void>;
  /**
   * Copies one file. Whoever looks there sees, under its name, the file as it was before or all of the new one, never
   * a part.
   *
   * @throws {BackendError} {AccessDeniedError}, and what `ready` rejects with
   */
  put(file: SyncFile, options?: PutOptions): Promise<void>;
  /** Makes an empty directory, where there are such things. */
  makeDirectory(name: string, options?: { mode?: number }): Promise<void>;
}
