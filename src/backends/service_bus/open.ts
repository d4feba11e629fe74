import { type Clock, systemClock } from "../../core/clock.ts";
import { type Logger, silentLogger } from "../../log/logger.ts";
import { type Address, formatAddress } from "../address.ts";
import { encodingOf } from "../azure/job_encoding.ts";
import type { AzureOptions } from "../registry.ts";
import { resolveBusAccess } from "./bus_access.ts";
import { adminClient } from "./bus_client.ts";
import { BusConnection } from "./bus_connection.ts";
import { assertQueueName } from "./bus_queue_name.ts";
import { LockTimes } from "./lock_times.ts";
import { ServiceBusQueue } from "./queue.ts";
import { QueueAdmin } from "./queue_admin.ts";
import { USUAL_SETTINGS } from "./queue_settings.ts";
import { ServiceQueue } from "./service_queue.ts";

export interface OpenServiceBusOptions {
  readonly azure?: AzureOptions;
  /** Whether the queue is made when a call finds that there is none. Default true. */
  readonly create?: boolean;
  /** No call is repeated longer than this, in ms. Default: 30 s for a push, 10 s for others. */
  readonly patienceMs?: number;
  /**
   * How long the service is given to find a message before the queue is taken to be empty, in ms. Default 1 s: a
   * receiver that asks for less may be told that there is none although there are.
   */
  readonly emptyWaitMs?: number;
  readonly log?: Logger;
  readonly env?: (name: string) => string | undefined;
  readonly clock?: Clock;
}

/**
 * Opens a queue of a Service Bus namespace. Nothing is sent before the first call on it.
 *
 * @throws {UsageError, AccessDeniedError} when no credentials can be found, or they cannot be right
 */
export function openServiceBusQueue(
  address: Extract<Address, { kind: "service-bus" }>,
  {
    azure = {},
    create = true,
    log = silentLogger,
    clock = systemClock,
    patienceMs,
    emptyWaitMs = 1_000,
    ...options
  }: OpenServiceBusOptions = {},
): ServiceBusQueue {
  const env = options.env ?? ((name) => Deno.env.get(name));
  const { namespace, queue } = address;
  const name = formatAddress(address);
  assertQueueName(queue, name);
  const access = resolveBusAccess({ ...azure, namespace, queue }, { env, log, clock });
  const common = { queue, name, patienceMs, clock, log };
  const connection = new BusConnection({ ...common, access });
  const lockTimes = new LockTimes();
  const settings = {
    lockDurationMs: azure.lockDurationMs ?? USUAL_SETTINGS.lockDurationMs,
    dedupWindowMs: azure.dedupWindowMs ?? USUAL_SETTINGS.dedupWindowMs,
  };
  const admin = new QueueAdmin({ ...common, client: () => adminClient(access), settings });
  const make = async () => {
    if (await admin.create()) lockTimes.longestMs = settings.lockDurationMs;
  };
  return new ServiceBusQueue({
    name,
    connection,
    admin,
    queue: new ServiceQueue({ connection, create: create ? make : undefined }),
    lockTimes,
    encoding: encodingOf(env, azure),
    emptyWaitMs,
    inspectsAtPush: azure.lockDurationMs !== undefined || azure.dedupWindowMs !== undefined,
    clock,
    log,
  });
}
