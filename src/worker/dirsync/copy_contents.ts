import type { SyncFile } from "../../core/sync_destination.ts";
import { codeOf } from "./sync_errors.ts";

export interface CopyOptions {
  /** Waits until the other end has it all: a filesystem on another host may otherwise keep a failure to itself. */
  readonly durable: boolean;
  readonly signal?: AbortSignal;
}

/** The runtime's own copy is the fastest, but cannot be stopped: larger files are copied piece by piece. */
const WHOLE_BYTES = 64 * 1024 * 1024;
const PIECE_BYTES = 4 * 1024 * 1024;
/** Holes are found by the piece, so they are smaller in files that have some. */
const SPARSE_PIECE_BYTES = 1024 * 1024;
/** Of the system's, for each that counts what a file takes on the disk: stat(2). */
const BLOCK_BYTES = 512;
/** A filesystem that keeps no modes may refuse to set one, with which the runtime's own copy fails. */
const NO_MODES: readonly string[] = ["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL"];

/**
 * Makes the new file `to` with the contents and, where the filesystem keeps them, the mode and the time of
 * modification of `file`. Holes stay holes. When it throws, a part of `to` may be there.
 *
 * @throws what the system says, or the signal's reason
 */
export async function copyContents(file: SyncFile, to: string, options: CopyOptions): Promise<void> {
  const { blocks } = Deno.statSync(file.path);
  const isSparse = file.sizeBytes - (blocks ?? Infinity) * BLOCK_BYTES >= SPARSE_PIECE_BYTES;
  if (options.durable || isSparse || file.sizeBytes > WHOLE_BYTES || !await copyWhole(file, to)) {
    await copyPieces(file, to, { ...options, isSparse });
    await Deno.chmod(to, file.mode).catch(() => {});
  }
  const modifiedAt = new Date(file.modifiedAt);
  await Deno.utime(to, modifiedAt, modifiedAt).catch(() => {});
}

/** Answers whether it could. */
async function copyWhole({ path }: SyncFile, to: string): Promise<boolean> {
  try {
    await Deno.copyFile(path, to);
    return true;
  } catch (error) {
    if (!NO_MODES.includes(codeOf(error))) throw error;
    await Deno.remove(to).catch(() => {});
    return false;
  }
}

async function copyPieces(
  { path, sizeBytes }: SyncFile,
  to: string,
  { durable, isSparse, signal }: CopyOptions & { isSparse: boolean },
): Promise<void> {
  using source = await Deno.open(path);
  using target = await Deno.open(to, { write: true, createNew: true });
  const piece = new Uint8Array(Math.min(sizeBytes, isSparse ? SPARSE_PIECE_BYTES : PIECE_BYTES));
  let at = 0;
  let endsInHole = false;
  // What is appended meanwhile is for the next time, or there may be no end to it.
  while (at < sizeBytes) {
    signal?.throwIfAborted();
    const count = await source.read(piece.subarray(0, sizeBytes - at));
    if (count === null) break;
    const bytes = piece.subarray(0, count);
    endsInHole = isSparse && isZero(bytes);
    if (endsInHole) await target.seek(count, Deno.SeekMode.Current);
    else await writeAll(target, bytes);
    at += count;
  }
  if (endsInHole) await target.truncate(at);
  if (durable) await target.sync();
}

async function writeAll(target: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await target.write(bytes.subarray(written));
}

function isZero(bytes: Uint8Array): boolean {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  return words.every((word) => word === 0) && bytes.subarray(words.length << 2).every((byte) => byte === 0);
}
