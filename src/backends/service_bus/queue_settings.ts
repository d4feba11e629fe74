import type { CreateQueueOptions, QueueProperties } from "@azure/service-bus";
import { formatDuration } from "../../core/duration.ts";
import { formatIsoDuration, parseIsoDuration } from "./iso_duration.ts";
import { MAX_LOCK_MS } from "./lock_times.ts";

/** How a queue is made. */
export interface QueueSettings {
  /** How long a lease lasts, in ms. */
  readonly lockDurationMs: number;
  /** How long equal jobs are taken for one, in ms; 0 for not at all. */
  readonly dedupWindowMs: number;
}

/** As the Python tool makes queues. */
export const USUAL_SETTINGS: QueueSettings = { lockDurationMs: MAX_LOCK_MS, dedupWindowMs: 7 * 86_400_000 };

/** The service moves a message to the dead letters after as many deliveries, whatever came of them. */
const MAX_DELIVERIES = 1_000;
/** A life of a message that is as good as endless, in ms. */
const ENDLESS_MS = 3_650 * 86_400_000;

/** What the service is told to make a queue. */
export function toCreate({ lockDurationMs, dedupWindowMs }: QueueSettings): CreateQueueOptions {
  const detects = dedupWindowMs > 0;
  return {
    lockDuration: formatIsoDuration(lockDurationMs),
    maxDeliveryCount: MAX_DELIVERIES,
    requiresDuplicateDetection: detects,
    duplicateDetectionHistoryTimeWindow: detects ? formatIsoDuration(dedupWindowMs) : undefined,
  };
}

/** How long the leases of a queue last, in ms. */
export function lockMsOf({ lockDuration }: QueueProperties): number {
  return parseIsoDuration(lockDuration) ?? MAX_LOCK_MS;
}

/** What of a queue that is there is not as jobq would have made it, a sentence's part each; none when all is. */
export function differences(found: QueueProperties, wanted: QueueSettings): readonly string[] {
  const lockMs = lockMsOf(found);
  const windowMs = found.requiresDuplicateDetection
    ? parseIsoDuration(found.duplicateDetectionHistoryTimeWindow) ?? 0
    : 0;
  const lifeMs = parseIsoDuration(found.defaultMessageTimeToLive) ?? ENDLESS_MS;
  const told = [
    found.requiresSession && "it has sessions, which jobq cannot use",
    lockMs !== wanted.lockDurationMs &&
    `its leases last ${formatDuration(lockMs)} instead of ${formatDuration(wanted.lockDurationMs)}`,
    windowMs !== wanted.dedupWindowMs &&
    `it takes equal jobs for one ${windowText(windowMs)} instead of ${windowText(wanted.dedupWindowMs)}`,
    found.maxDeliveryCount < MAX_DELIVERIES &&
    `it gives a job up after ${found.maxDeliveryCount} deliveries, interrupted ones too`,
    lifeMs < ENDLESS_MS && `its jobs expire after ${formatDuration(lifeMs)}` +
      (found.deadLetteringOnMessageExpiration ? " (to the dead letters)" : ", without a trace"),
  ];
  return told.filter((text) => text !== false);
}

function windowText(ms: number): string {
  return ms > 0 ? `for ${formatDuration(ms)}` : "never";
}
