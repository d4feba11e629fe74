import type { ContainerClient } from "@azure/storage-blob";
import type { Clock } from "../../core/clock.ts";
import type { PutOptions, SyncDestination, SyncFile } from "../../core/sync_destination.ts";
import type { Logger } from "../../log/logger.ts";
import type { BlobAddress } from "./blob_sync_address.ts";
import { changedFile, translateBlobError, translatePutError } from "./blob_sync_errors.ts";
import { blobMetadata } from "./blob_sync_metadata.ts";
import { blobNameOf } from "./blob_sync_name.ts";
import { uploadFile } from "./blob_sync_upload.ts";
import { withRetries } from "./retrying.ts";
import { errorCodeOf } from "./storage_errors.ts";

export interface BlobDestinationOptions {
  readonly address: BlobAddress;
  readonly container: ContainerClient;
  /** Whether a container that does not exist is made. */
  readonly create: boolean;
  readonly log: Logger;
  readonly clock: Clock;
  /** No call is repeated longer than this, in ms. Default: 30 s for `prepare`, 3 min for each request of `put`. */
  readonly patienceMs?: number;
}

/** How long calls are repeated, in ms. */
const PREPARE_PATIENCE_MS = 30_000;
const PUT_PATIENCE_MS = 180_000;
/** How long one request may take, in ms; it has up to 8 MiB to send, and some more beside it. */
const TRY_MS = 60_000;
/** Nobody's ETag. */
const NEVER = '"0x0"';

interface CallOptions {
  readonly action: string;
  readonly patienceMs: number;
  readonly signal?: AbortSignal;
}

/** A container of the blob service, or a directory in one: each file is a blob there. */
export class BlobDestination implements SyncDestination {
  readonly #options: BlobDestinationOptions;

  constructor(options: BlobDestinationOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.address.name;
  }

  async prepare({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const { container, create } = this.#options;
    const call = { action: "copy to", patienceMs: PREPARE_PATIENCE_MS, signal };
    try {
      await this.#try(call);
    } catch (error) {
      if (!create || errorCodeOf(error) !== "ContainerNotFound") throw error;
      await this.#call((abortSignal) => container.createIfNotExists({ abortSignal }), {
        ...call,
        action: "create the container of",
      });
      await this.#try(call);
    }
  }

  async put(file: SyncFile, { signal, ready }: PutOptions = {}): Promise<void> {
    const { address: { prefix }, container } = this.#options;
    const { name: destination } = this;
    const action = `copy ${JSON.stringify(file.name)} to`;
    const blob = container.getBlockBlobClient(blobNameOf(file.name, { prefix, destination }));
    signal?.throwIfAborted();
    try {
      using opened = await Deno.open(file.path);
      const { size: sizeBytes, mtime } = await opened.stat();
      const openedAt = mtime?.getTime() ?? file.modifiedAt;
      // What the caller knows is finer.
      const modifiedAt = Math.floor(file.modifiedAt) === openedAt ? file.modifiedAt : openedAt;
      await uploadFile(opened, {
        blob,
        sizeBytes,
        metadata: blobMetadata({ modifiedAt, mode: file.mode }),
        call: (request, own) => this.#call(request, { action, patienceMs: PUT_PATIENCE_MS, signal: own }),
        isUnchanged: async () => {
          await ready?.();
          const now = await opened.stat();
          // A log that is written all the time would never go up: what was added comes with the next copy.
          return now.size > sizeBytes ||
            (now.size === sizeBytes && now.mtime?.getTime() === mtime?.getTime());
        },
        changed: () => changedFile({ action, destination }),
        signal,
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw translatePutError(error, { action, destination });
    }
  }

  /** Does nothing: there are no directories, only names. */
  async makeDirectory(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  /**
   * Looks whether blobs may be written, with a request that cannot be fulfilled: what is not allowed is refused before
   * its condition is looked at. Reading the container's properties needs a right that a SAS for writing lacks.
   */
  async #try(options: CallOptions): Promise<void> {
    const { address: { prefix }, container } = this.#options;
    const blob = container.getBlockBlobClient(prefix === "" ? ".jobq" : `${prefix}/.jobq`);
    await this.#call(async (abortSignal) => {
      try {
        await blob.upload("", 0, { abortSignal, conditions: { ifMatch: NEVER } });
      } catch (error) {
        if (errorCodeOf(error) !== "ConditionNotMet" && errorCodeOf(error) !== "BlobNotFound") throw error;
      }
    }, options);
  }

  async #call<T>(
    request: (signal: AbortSignal) => Promise<T>,
    { action, patienceMs, signal }: CallOptions,
  ): Promise<T> {
    const { clock, log, patienceMs: most = patienceMs } = this.#options;
    return await withRetries((attempt) => request(attempt.signal), {
      patienceMs: Math.min(patienceMs, most),
      tryTimeoutMs: TRY_MS,
      clock,
      signal,
      translate: (error) => translateBlobError(error, { action, destination: this.name }),
      onRetry: ({ error, delayMs }) => log.debug(`${error.message}; the next try is in ${delayMs} ms`),
    });
  }
}
