import type { Queue } from "../../core/queue.ts";
import { silentLogger } from "../../log/logger.ts";
import type { OpenQueueOptions } from "../registry.ts";
import { openRemoteQueue } from "./remote_queue.ts";
import { type SshAddress, sshConnector } from "./ssh_connector.ts";

/**
 * Opens a queue on another host, where the system's ssh starts a jobq that serves it.
 *
 * @throws {UsageError} for a bad name of the program over there, {AccessDeniedError} when the login is refused,
 * {BackendError} when the host, or a jobq on it, cannot be reached, and what opening the queue throws there
 */
export async function openSshQueue(address: SshAddress, options: OpenQueueOptions): Promise<Queue> {
  const { log = silentLogger, signal } = options;
  return await openRemoteQueue(await sshConnector(address, options), { name: address.shown, log, signal });
}
