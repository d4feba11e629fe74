/** How a queue is made. Durations are ms; Infinity is without end. */
export interface QueueOptions {
  /** Default 60 s. The service takes 5 s to 5 min; here any is taken. */
  readonly lockDurationMs?: number;
  /** Deliveries before a message becomes a dead letter. Default 10. */
  readonly maxDeliveryCount?: number;
  /** How long an id is remembered. Default: duplicates are not detected. */
  readonly duplicateDetectionMs?: number;
  /** Default: Infinity. */
  readonly defaultTtlMs?: number;
  /** Whether an expired message becomes a dead letter. Default false: it vanishes. */
  readonly deadLetteringOnExpiration?: boolean;
  /** Of one message or batch. Default 256 KiB, as of the Standard tier. */
  readonly maxMessageBytes?: number;
  /** Of all messages. Default 1 GiB. */
  readonly maxSizeBytes?: number;
  /** Only told to who asks: the broker has no sessions. Default false. */
  readonly requiresSession?: boolean;
}

export function withDefaults(options: QueueOptions): Required<QueueOptions> {
  return {
    lockDurationMs: 60_000,
    maxDeliveryCount: 10,
    duplicateDetectionMs: 0,
    defaultTtlMs: Infinity,
    deadLetteringOnExpiration: false,
    maxMessageBytes: 262_144,
    maxSizeBytes: 1024 ** 3,
    requiresSession: false,
    ...options,
  };
}
