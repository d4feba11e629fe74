import { DatabaseSync } from "node:sqlite";
import { openSqliteQueue, type OpenSqliteQueueOptions } from "../../src/backends/sqlite/open.ts";
import type { Queue } from "../../src/core/queue.ts";

/** Opens a queue of the file at `path`. */
export function openAt(
  path: string,
  options: OpenSqliteQueueOptions & { queue?: string } = {},
): Promise<Queue> {
  const { queue = "default", ...rest } = options;
  return openSqliteQueue({ kind: "sqlite", path, queue, isDefault: false }, rest);
}

/** Runs statements on the file behind jobq's back. */
export function execAt(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}
