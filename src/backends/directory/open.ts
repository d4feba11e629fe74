import { type Clock, systemClock } from "../../core/clock.ts";
import type { Queue } from "../../core/queue.ts";
import { silentLogger } from "../../log/logger.ts";
import { type Address, formatAddress } from "../address.ts";
import { LogFiles } from "../log_files/log_files.ts";
import type { OpenQueueOptions } from "../registry.ts";
import { DirectoryContext } from "./context.ts";
import { Files } from "./files.ts";
import { findLayout, isSharedByGroup } from "./layout.ts";
import { DirectoryQueue } from "./queue.ts";
import { FilesystemTime, type QueueTime } from "./queue_time.ts";

export interface OpenDirectoryQueueOptions extends OpenQueueOptions {
  readonly clock?: Clock;
  /** The time by which the jobs live. Default: the filesystem's. */
  readonly time?: QueueTime;
}

/** Opens the queue in a directory. */
export function openDirectoryQueue(
  address: Extract<Address, { kind: "directory" }>,
  options: OpenDirectoryQueueOptions = {},
): Queue {
  const { durability = "full", create = true, log = silentLogger, clock = systemClock, detached = false } =
    options;
  // Jobs are told the address, and may run in another directory.
  const absolute = address.path.startsWith("/")
    ? address.path
    : `${Deno.cwd()}/${address.path.replace(/^(?:\.\/+)+/, "")}`;
  const root = absolute.replace(/(?<=.)\/+$/, "");
  const name = formatAddress({ ...address, path: root });
  findLayout(root, { create, name });
  const files = new Files(root, { isDurable: durability === "full", isShared: isSharedByGroup(root) });
  const time = options.time ?? new FilesystemTime(clock);
  const logs = new LogFiles(`${root}/logs`);
  return new DirectoryQueue(
    new DirectoryContext({ name, files, clock, time, logs, log, isDetached: detached }),
  );
}
