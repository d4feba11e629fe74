import { codeOf } from "./fs_errors.ts";

/** A file handle of an NFS client that the server has forgotten is had anew by the name, at most so often. */
const MAX_STALE = 5;

/** Writes all bytes, however many calls that takes. */
export function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
}

/** Repeats a call that meets a file handle which the file server has forgotten. */
export function again<T>(call: () => T): T {
  for (let tries = 1;; tries++) {
    try {
      return call();
    } catch (error) {
      if (codeOf(error) !== "ESTALE" || tries === MAX_STALE) throw error;
    }
  }
}

/** Has the whole process wait, in ms: for calls that do not wait otherwise. */
export function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
