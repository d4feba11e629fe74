import { type Clock, systemClock } from "../../core/clock.ts";
import { UsageError } from "../../core/errors.ts";
import { type Logger, silentLogger } from "../../log/logger.ts";
import { type Address, formatAddress } from "../address.ts";
import { blobServiceClient } from "../azure/blob_client.ts";
import { encodingOf } from "../azure/job_encoding.ts";
import { queueServiceClient } from "../azure/queue_client.ts";
import { resolveStorageAccess } from "../azure/storage_access.ts";
import type { AzureOptions } from "../registry.ts";
import { eachOf } from "../azure/each_of.ts";
import { MessageQueue } from "./message_queue.ts";
import { CONTAINER, Payloads } from "./payloads.ts";
import { StorageQueue } from "./queue.ts";

export interface OpenStorageQueueOptions {
  readonly azure?: AzureOptions;
  /** Whether the queue is made when a call finds that there is none. Default true. */
  readonly create?: boolean;
  /** No call is repeated longer than this, in ms. Default: 30 s for a push and for payloads, 10 s for others. */
  readonly patienceMs?: number;
  readonly log?: Logger;
  readonly env?: (name: string) => string | undefined;
  readonly clock?: Clock;
}

/** The end of the dead letters' queue's name. */
const FAILED = "-failed";
/** https://learn.microsoft.com/rest/api/storageservices/naming-queues-and-metadata */
const MAX_NAME_LENGTH = 63;

/**
 * Opens a queue of Azure Storage. Nothing is sent before the first call on it.
 *
 * @throws {UsageError, AccessDeniedError} when no credentials can be found, or they cannot be right
 */
export async function openStorageQueue(
  address: Extract<Address, { kind: "storage-queue" }>,
  { azure = {}, create = true, log = silentLogger, clock = systemClock, patienceMs, ...options }:
    OpenStorageQueueOptions = {},
): Promise<StorageQueue> {
  const env = options.env ?? ((name) => Deno.env.get(name));
  const { account, queue } = address;
  const name = formatAddress(address);
  assertFailedName(queue, name);
  const access = await resolveStorageAccess({ account, ...azure }, { env, log, clock });
  const service = queueServiceClient(access);
  const common = { clock, log, patienceMs };
  const failedName = formatAddress({ ...address, queue: queue + FAILED });
  const failedClient = service.getQueueClient(queue + FAILED);
  const failed: MessageQueue = new MessageQueue({
    ...common,
    client: failedClient,
    name: failedName,
    create: () => failed.createIfNotExists(),
  });
  const messages: MessageQueue = new MessageQueue({
    ...common,
    client: service.getQueueClient(queue),
    name,
    create: create ? () => eachOf([messages, failed], (queue) => queue.createIfNotExists()) : undefined,
  });
  const payloads = new Payloads({
    open: async () => (await blobServiceClient(access))?.getContainerClient(CONTAINER),
    name,
    patienceMs,
    clock,
  });
  return new StorageQueue({
    name,
    places: { messages, failed, payloads, clock, log },
    deadMessages: new MessageQueue({ ...common, client: failedClient, name: failedName }),
    spill: azure.spill ?? true,
    encoding: encodingOf(env, azure),
    clock,
  });
}

function assertFailedName(queue: string, name: string): void {
  if (queue.length + FAILED.length <= MAX_NAME_LENGTH) return;
  throw new UsageError(
    `Cannot use "${name}": its dead letters would be in a queue with a name over ${MAX_NAME_LENGTH} characters`,
    {
      hint: `use a queue's name of at most ${MAX_NAME_LENGTH - FAILED.length} characters`,
    },
  );
}
