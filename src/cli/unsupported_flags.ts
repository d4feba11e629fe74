import { formatDuration } from "../core/duration.ts";
import { UnsupportedError } from "../core/errors.ts";
import type { Queue } from "../core/queue.ts";
import type { FlagValues } from "./flag.ts";
import type { JOB_FLAGS } from "./job_options.ts";

type Given = Pick<FlagValues<typeof JOB_FLAGS>, "after" | "key" | "ifExists" | "priority" | "delay">;

/** Refuses options that the queue could not act upon, before anything is read or pushed. @throws {UnsupportedError} */
export function refuseUnsupported(
  { name, capabilities: { dependencies, keepsRecords, priorities, maxDelayMs } }: Queue,
  { after, key, ifExists, priority = 0, delay = 0 }: Given,
): void {
  const beyond: Readonly<Record<string, string | false>> = {
    "--after": after.length > 0 && !dependencies && "it cannot let jobs wait for other jobs",
    "--key": key !== undefined && !keepsRecords && "it cannot tell jobs apart by a key",
    "--if-exists": ifExists !== undefined && !keepsRecords && "it cannot tell jobs apart by a key",
    "--priority": priority !== 0 && !priorities && "it cannot give jobs a priority",
    "--delay": delay > maxDelayMs && `it delays jobs for at most ${formatDuration(maxDelayMs)}`,
  };
  for (const [flag, reason] of Object.entries(beyond)) {
    if (!reason) continue;
    throw new UnsupportedError(`Cannot use ${flag} with "${name}": ${reason}`, {
      hint: "a queue in an SQLite file can, for example -q jobs.db",
    });
  }
}
