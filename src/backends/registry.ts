import { lazyImport } from "../core/lazy_import.ts";
import { type Logger, silentLogger } from "../log/logger.ts";
import type { Queue } from "../core/queue.ts";
import type { SyncDestination } from "../core/sync_destination.ts";
import { parseAddress } from "./address.ts";

import type { OpenBlobDestinationOptions } from "./azure/blob_sync_open.ts";

/**
 * What an acknowledged push or ack survives: `full`, a power loss (an fsync each); `normal`, the end of the
 * process, but not always of the machine.
 */
export type Durability = "full" | "normal";

export interface OpenQueueOptions {
  /** Default `full`. */
  readonly durability?: Durability;
  /** Whether a queue that does not exist is made (default) or refused with a `QueueNotFoundError`. */
  readonly create?: boolean;
  /** Told of waits and retries that a person may wonder about. Default: nobody. */
  readonly log?: Logger;
  readonly signal?: AbortSignal;
  /**
   * Leases outlive this process, as where it holds them for somebody elsewhere, who may take them up again by their
   * tickets. Default false: others may take a job back as soon as this process has ended.
   */
  readonly detached?: boolean;
  /** For queues over SSH. */
  readonly ssh?: SshOptions;
  /** For queues on Azure. */
  readonly azure?: AzureOptions;
  /** Looks up an environment variable. Default: the process's own. */
  readonly env?: (name: string) => string | undefined;
}

/** How a queue over SSH is reached. */
export interface SshOptions {
  /** The program on the other side; a leading `~/` is the home directory there. Default `$JOBQ_REMOTE_JOBQ`, or `jobq`. */
  readonly remoteJobq?: string;
  /** Whether ssh may ask on the terminal: for a key's passphrase, or about a new host. Default false: it gives up then. */
  readonly mayAsk?: boolean;
}

/** How a queue on Azure is reached; what is not given here is looked for in the environment. */
export interface AzureOptions {
  readonly connectionString?: string;
  /** A shared access signature. */
  readonly sas?: string;
  /** A DNS suffix like `core.usgovcloudapi.net`, or the URL of the queue service. */
  readonly endpoint?: string;
  /** Whether a job over 64 KiB goes to a blob of the account (default) or is refused. */
  readonly spill?: boolean;
  /** How a Service Bus namespace is reached. Default: AMQP over port 5671, or over WebSockets where that is closed. */
  readonly transport?: "amqp" | "ws";
  /** The length of a lease on a Service Bus queue that is made here, in ms. Default 5 min. */
  readonly lockDurationMs?: number;
  /** How long such a queue takes equal jobs for one, in ms; 0 for not at all. Default 7 d. */
  readonly dedupWindowMs?: number;
  /** Whether each job gets an id of its own, so that equal ones are not taken for one. Default false. */
  readonly newIds?: boolean;
}

/**
 * Opens a queue by its address; without one, the default queue of this user.
 *
 * ```ts
 * import { openQueue } from "@jobq/jobq";
 *
 * const directory = await Deno.makeTempDir();
 * await using queue = await openQueue(`${directory}/jobs.db`);
 * const [id] = await queue.enqueue([{ task: { kind: "shell", command: "echo hello" } }]);
 * if (id === undefined) throw new Error("no id");
 * ```
 *
 * @throws {UsageError} for a bad address, {UnsupportedError} for a backend that this build lacks,
 * {QueueNotFoundError}, {AccessDeniedError}, {BackendError}
 */
export async function openQueue(text?: string, options: OpenQueueOptions = {}): Promise<Queue> {
  const address = parseAddress(text, options.env ?? ((name) => Deno.env.get(name)));
  if (address.kind === "sqlite") {
    const { openSqliteQueue } = await import("./sqlite/open.ts");
    return await openSqliteQueue(address, options);
  }
  if (address.kind === "directory") {
    const { openDirectoryQueue } = await lazyImport<typeof import("./directory/open.ts")>(
      import.meta.resolve("./directory/open.ts"),
    );
    return openDirectoryQueue(address, options);
  }
  if (address.kind === "storage-queue") {
    const { openStorageQueue } = await lazyImport<typeof import("./storage_queue/open.ts")>(
      import.meta.resolve("./storage_queue/open.ts"),
    );
    return await openStorageQueue(address, options);
  }
  if (address.kind === "service-bus") {
    const { openServiceBusQueue } = await lazyImport<typeof import("./service_bus/open.ts")>(
      import.meta.resolve("./service_bus/open.ts"),
    );
    return openServiceBusQueue(address, options);
  }
  if (address.kind === "ssh") {
    const { openSshQueue } = await lazyImport<typeof import("./ssh/open.ts")>(
      import.meta.resolve("./ssh/open.ts"),
    );
    return await openSshQueue(address, options);
  }
  return address satisfies never;
}

/**
 * Serves a queue of this machine to the jobq at the other end of a pair of streams, until that has closed its end.
 *
 * @throws {BackendError} when the streams fail; what opening the queue throws is told to the other side
 */
export async function serveQueue(
  text: string,
  { readable, writable, ...options }: OpenQueueOptions & {
    readonly readable: ReadableStream<Uint8Array>;
    readonly writable: WritableStream<Uint8Array>;
  },
): Promise<void> {
  const { serveQueue: serve } = await lazyImport<typeof import("./ssh/serve.ts")>(
    import.meta.resolve("./ssh/serve.ts"),
  );
  const { log = silentLogger } = options;
  await serve(() => openQueue(text, { ...options, detached: true }), { readable, writable, log });
}

export type { OpenBlobDestinationOptions } from "./azure/blob_sync_open.ts";

/**
 * Opens a container of Azure's blobs, or a directory in one, as a place to copy the directory of a job to.
 *
 * @param url `https://ACCOUNT.blob.core.windows.net/CONTAINER/DIRECTORY`, with or without a SAS behind a `?`
 * @throws {UsageError} {AccessDeniedError} when it is no such URL, or its credentials cannot be right
 */
export async function openBlobDestination(
  url: string,
  options: OpenBlobDestinationOptions = {},
): Promise<SyncDestination> {
  const { openBlobDestination: open } = await lazyImport<typeof import("./azure/blob_sync_open.ts")>(
    import.meta.resolve("./azure/blob_sync_open.ts"),
  );
  return await open(url, options);
}

export type { CheckResult, HelperProcess, ProbeReport } from "./directory/probe/door.ts";

/** Both sides of `jobq doctor`, loaded when they are needed. */
export function loadProbe(): Promise<typeof import("./directory/probe/door.ts")> {
  return lazyImport(import.meta.resolve("./directory/probe/door.ts"));
}
