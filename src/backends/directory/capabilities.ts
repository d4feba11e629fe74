import { MAX_SPAN_MS } from "../../core/limits.ts";
import type { Capabilities } from "../../core/queue.ts";

/** The largest result, in bytes of JSON: it is written in one piece, and read so. */
export const MAX_RESULT_BYTES = 64 * 1024 * 1024;

/** What a shared directory can do. */
export const DIRECTORY_CAPABILITIES: Capabilities = {
  maxLeaseMs: MAX_SPAN_MS,
  fixedLease: false,
  maxDelayMs: MAX_SPAN_MS,
  delayErrorMs: 0,
  maxPayloadBytes: 1024 * 1024,
  exactCounts: true,
  maxPeek: Infinity,
  keepsOrder: true,
  atomicPush: true,
  deduplicates: false,
  silentDeduplication: false,
  priorities: true,
  dependencies: true,
  delayedRelease: true,
  countsReleases: false,
  keepsRecords: true,
  sharedOutages: false,
  sharedRenewals: true,
  maxResultBytes: MAX_RESULT_BYTES,
};
