import type { BlockBlobClient } from "@azure/storage-blob";
import { Room, type Space } from "./blob_sync_room.ts";

const MIB = 1024 * 1024;
/** A file up to this size is one request; a larger one is as many as it has blocks of this size, in bytes, and one more. */
const BLOCK_BYTES = 8 * MIB;
/** Blocks of one file at a time. */
const CONCURRENCY = 4;
/** https://learn.microsoft.com/rest/api/storageservices/understanding-block-blobs--append-blobs--and-page-blobs */
const MAX_BLOCKS = 50_000;
/** Of a block's id before it is base64: what most tools have. All ids of a blob have to have the same length. */
const ID_LENGTH = 48;

/** What all uploads of this process hold in memory at the same time: many slots may copy many files each. */
const room = new Room({ sizeBytes: 5 * BLOCK_BYTES, blockBytes: BLOCK_BYTES });

export interface UploadOptions {
  readonly blob: BlockBlobClient;
  /** How many bytes of the file there are. */
  readonly sizeBytes: number;
  readonly metadata: Record<string, string>;
  /** Sends a request, again and again where that may help. */
  readonly call: <T>(request: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal) => Promise<T>;
  /** Whether the file is still as it was when it was opened; asked when all was read, before anybody can see the blob. */
  readonly isUnchanged: () => Promise<boolean>;
  /** The error for when it is not. */
  readonly changed: () => Error;
  readonly signal?: AbortSignal;
}

/**
 * Makes a blob of a file that is open at its beginning; it is seen when it is whole, and one that is there before is
 * replaced then.
 *
 * @throws what `call` throws and what `changed` makes, the reason of the signal
 */
export async function uploadFile(file: Deno.FsFile, options: UploadOptions): Promise<void> {
  const { blob, sizeBytes, metadata, call, isUnchanged, changed, signal } = options;
  if (sizeBytes <= BLOCK_BYTES) {
    using space = await room.take(sizeBytes, signal);
    const { bytes } = space;
    if (!await fill(bytes, file) || !await isUnchanged()) throw changed();
    await call((abortSignal) => blob.upload(bytes, bytes.length, { abortSignal, metadata }), signal);
    return;
  }
  const ids = await stageBlocks(file, options);
  if (!await isUnchanged()) throw changed();
  await call((abortSignal) => blob.commitBlockList(ids, { abortSignal, metadata }), signal);
}

/** Sends the file's blocks, which nobody sees yet; answers their ids. Nothing is under way any more when it is over. */
async function stageBlocks(
  file: Deno.FsFile,
  { blob, sizeBytes, call, changed, signal }: UploadOptions,
): Promise<string[]> {
  const blockBytes = Math.max(BLOCK_BYTES, Math.ceil(sizeBytes / MAX_BLOCKS / MIB) * MIB);
  // Another upload of the same name, of a worker that has lost its lease, must not mix in its blocks.
  const upload = crypto.randomUUID();
  const ids: string[] = [];
  const running = new Set<Promise<void>>();
  const failure = new AbortController();
  const ended = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  // One after the other: a file has one position.
  let reading: Promise<unknown> = Promise.resolve();
  const readNext = (bytes: Uint8Array) => {
    const read = reading.then(() => fill(bytes, file));
    reading = read.catch(() => {});
    return read;
  };
  const send = async (id: string, space: Space) => {
    using _ = space;
    const { bytes } = space;
    if (!await readNext(bytes)) throw changed();
    let tries = 0;
    await call((abortSignal) => {
      tries++;
      return blob.stageBlock(id, bytes, bytes.length, { abortSignal });
    }, ended);
    // A try that was given up may still be looking at them.
    space.isReusable = tries === 1;
  };
  try {
    for (let offset = 0; offset < sizeBytes; offset += blockBytes) {
      if (running.size >= CONCURRENCY) await Promise.race(running);
      const length = Math.min(blockBytes, sizeBytes - offset);
      const space = await room.take(length, ended);
      const id = btoa(upload + String(ids.length).padStart(ID_LENGTH - upload.length, "0"));
      ids.push(id);
      const task = send(id, space).catch((error) => failure.abort(error))
        .finally(() => running.delete(task));
      running.add(task);
    }
  } finally {
    await Promise.all(running);
  }
  ended.throwIfAborted();
  return ids;
}

/** Fills the bytes with the next ones of the file; false when it ends before. */
async function fill(bytes: Uint8Array, file: Deno.FsFile): Promise<boolean> {
  for (let filled = 0; filled < bytes.length;) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) return false;
    filled += count;
  }
  return true;
}
