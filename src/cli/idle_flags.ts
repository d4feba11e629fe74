import type { Queue } from "../core/queue.ts";
import type { Logger } from "../log/logger.ts";

/** Options that mean something on some kinds of queue only; undefined, or false, where they were not given. */
export interface PerhapsIdleFlags {
  readonly dedupWindow?: number;
  readonly lockDuration?: number;
  readonly gateReschedule?: boolean;
  readonly newId?: boolean;
  readonly visibilityTimeout?: number;
}

/** Warns of options that were given and change nothing on this queue. */
export function warnOfIdleFlags(
  { name, capabilities: { delayedRelease, fixedLease, keepsRecords, silentDeduplication } }: Queue,
  { dedupWindow, gateReschedule, lockDuration, newId, visibilityTimeout }: PerhapsIdleFlags,
  log: Logger,
): void {
  const idle: Readonly<Record<string, string | false>> = {
    "--dedup-window": dedupWindow !== undefined && !silentDeduplication &&
      "only Azure Service Bus takes equal jobs for one",
    "--gate-reschedule": gateReschedule === true && delayedRelease &&
      "a job that its gate refuses can be given back for later there",
    "--lock-duration": lockDuration !== undefined && !fixedLease &&
      "only on Azure Service Bus the queue says how long a lease lasts; here a worker's --visibility-timeout does",
    // Who keeps records has to tell any two jobs apart.
    "--new-id": newId === true && keepsRecords && "each job has an id of its own there",
    "--visibility-timeout": visibilityTimeout !== undefined && fixedLease &&
      "the queue says how long a lease lasts there; --lock-duration sets that when the queue is made",
  };
  for (const [flag, reason] of Object.entries(idle)) {
    if (reason) log.warn(`${flag} has no effect on ${name}: ${reason}`);
  }
}
