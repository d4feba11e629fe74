import type { Clock } from "../../core/clock.ts";
import type { Connection } from "./connection.ts";
import type { LogFiles } from "../log_files/log_files.ts";

/** What all operations on one queue of a file share. */
export interface QueueContext {
  readonly connection: Connection;
  readonly queueId: number;
  readonly clock: Clock;
  readonly logs: LogFiles;
}
