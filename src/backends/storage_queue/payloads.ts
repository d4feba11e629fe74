import type { ContainerClient } from "@azure/storage-blob";
import type { Clock } from "../../core/clock.ts";
import { UnsupportedError } from "../../core/errors.ts";
import { randomId } from "../../core/random_id.ts";
import { errorCodeOf, translateStorageError } from "../azure/storage_errors.ts";
import { withRetries } from "../azure/retrying.ts";

/** The container of the payloads. */
export const CONTAINER = "jobq-payloads";

/** How long a call is repeated, and a try may take, in ms; a payload has up to a megabyte. */
const PATIENCE_MS = 30_000;

export interface PayloadsOptions {
  /** Opens the container's client; undefined where the account's blob service is not known. */
  readonly open: () => Promise<ContainerClient | undefined>;
  /** The queue's address, for messages. */
  readonly name: string;
  /** No call is repeated longer than this. Default 30 s. */
  readonly patienceMs?: number;
  readonly clock: Clock;
}

/** What is too large for a message, as blobs. */
export class Payloads {
  readonly #options: PayloadsOptions;
  #container: Promise<ContainerClient | undefined> | undefined;

  constructor(options: PayloadsOptions) {
    this.#options = options;
  }

  /**
   * Keeps a text under the id, or under the id and a random part where that is taken: the same job may be on the queue
   * twice, and the first that finishes must not take the other's payload away. Answers the name.
   */
  async put(id: string, text: string, signal?: AbortSignal): Promise<string> {
    const container = await this.open();
    const upload = async (name: string) => {
      const bytes = new TextEncoder().encode(text);
      await this.#call(
        (abortSignal) =>
          container.getBlockBlobClient(name).upload(bytes, bytes.length, {
            abortSignal,
            conditions: { ifNoneMatch: "*" },
          }),
        { action: "keep a payload of", signal },
      );
      return name;
    };
    try {
      return await upload(id);
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === "ContainerNotFound") {
        await this.#call((abortSignal) => container.createIfNotExists({ abortSignal }), {
          action: "keep payloads of",
          signal,
        });
        return await this.put(id, text, signal);
      }
      if (code !== "BlobAlreadyExists") throw error;
      return await upload(`${id}.${randomId(10)}`);
    }
  }

  /** Undefined when there is no such payload. @param patienceMs how long it may take at most */
  async get(name: string, patienceMs: number): Promise<string | undefined> {
    const container = await this.open();
    try {
      const bytes = await this.#call(
        (abortSignal) =>
          container.getBlobClient(name).downloadToBuffer(undefined, undefined, { abortSignal }),
        { action: "read a payload of", patienceMs },
      );
      return new TextDecoder().decode(bytes);
    } catch (error) {
      if (errorCodeOf(error) === "BlobNotFound" || errorCodeOf(error) === "ContainerNotFound") {
        return undefined;
      }
      throw error;
    }
  }

  async remove(name: string): Promise<void> {
    const container = await this.open();
    await this.#call((abortSignal) => container.getBlobClient(name).deleteIfExists({ abortSignal }), {
      action: "remove a payload of",
    });
  }

  /** Sends nothing. @throws {UnsupportedError} when it is not known where payloads are kept */
  async open(): Promise<ContainerClient> {
    const container = await (this.#container ??= this.#options.open());
    if (container !== undefined) return container;
    throw new UnsupportedError(
      `Cannot reach the payloads of "${this.#options.name}": where the account's blob service is, is not known`,
      { hint: "name it by BlobEndpoint in a connection string; a job under 64 KiB needs none" },
    );
  }

  async #call<T>(
    call: (signal: AbortSignal) => Promise<T>,
    { action, patienceMs = PATIENCE_MS, signal }: {
      action: string;
      patienceMs?: number;
      signal?: AbortSignal;
    },
  ): Promise<T> {
    const { name, clock, patienceMs: most = PATIENCE_MS } = this.#options;
    return await withRetries((attempt) => call(attempt.signal), {
      patienceMs: Math.min(patienceMs, most),
      tryTimeoutMs: PATIENCE_MS,
      clock,
      signal,
      translate: (error) => translateStorageError(error, { action, name, service: "blob" }),
    });
  }
}
