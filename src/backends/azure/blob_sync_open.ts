import { type Clock, systemClock } from "../../core/clock.ts";
import { UsageError } from "../../core/errors.ts";
import type { SyncDestination } from "../../core/sync_destination.ts";
import { type Logger, silentLogger } from "../../log/logger.ts";
import type { AzureOptions } from "../registry.ts";
import { blobServiceClient } from "./blob_client.ts";
import { type BlobAddress, isTrustedHost, parseBlobUrl } from "./blob_sync_address.ts";
import { BlobDestination } from "./blob_sync_destination.ts";
import { resolveStorageAccess, type StorageAccess } from "./storage_access.ts";

export interface OpenBlobDestinationOptions {
  /** Whether a container that does not exist is made. Default false. */
  readonly create?: boolean;
  /** Of these, a connection string for the account, and the DNS suffix of `endpoint`; those of queues are passed over. */
  readonly azure?: Pick<AzureOptions, "connectionString" | "endpoint">;
  /** Looks up an environment variable. Default: the process's own. */
  readonly env?: (name: string) => string | undefined;
  readonly log?: Logger;
  /** No call is repeated longer than this, in ms. Default: 30 s for `prepare`, 3 min for each request of `put`. */
  readonly patienceMs?: number;
  readonly clock?: Clock;
}

/**
 * Opens a container of Azure's blobs, or a directory in one, as a place to copy files to. Nothing is sent before the
 * first call on it.
 *
 * @param url `https://ACCOUNT.blob.core.windows.net/CONTAINER/DIRECTORY`, with or without a SAS behind a `?`
 * @throws {UsageError, AccessDeniedError} when it is no such URL, or its credentials cannot be right
 */
export async function openBlobDestination(
  url: string,
  { create = false, azure = {}, log = silentLogger, clock = systemClock, patienceMs, ...options }:
    OpenBlobDestinationOptions = {},
): Promise<SyncDestination> {
  const address = parseBlobUrl(url);
  const env = options.env ?? ((name) => Deno.env.get(name));
  const { account, serviceUrl, sas } = address;
  const access = resolveStorageAccess({
    account,
    blobUrl: serviceUrl,
    connectionString: azure.connectionString,
    sas,
  }, { env, log, clock });
  checkHost(address, { access, endpoint: azure.endpoint });
  const service = await blobServiceClient(access);
  if (service === undefined) throw new Error("the blob service's URL was given");
  const container = service.getContainerClient(address.container);
  return new BlobDestination({ address, container, create, log, clock, patienceMs });
}

/** Whoever pushed the job names the host; it must not get a token or a SAS of the worker's. */
function checkHost(
  { name, serviceUrl, sas }: BlobAddress,
  { access: { login }, endpoint }: { access: StorageAccess; endpoint?: string },
): void {
  const suffix = endpoint?.includes("://") ? undefined : endpoint?.replace(/^\.?(?:queue\.|blob\.)?/, "");
  if (login.kind === "key" || sas !== undefined || isTrustedHost(serviceUrl, suffix)) return;
  const what = login.kind === "sas" ? "a SAS" : "a token";
  throw new UsageError(`Cannot copy to "${name}": ${what} is not sent to a host that is none of Azure's`, {
    hint: "put a SAS behind a ? at the URL's end, or use https://ACCOUNT.blob.core.windows.net",
  });
}
