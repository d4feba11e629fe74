/** The longest lock: https://learn.microsoft.com/azure/service-bus-messaging/message-transfers-locks-settlement */
export const MAX_LOCK_MS = 300_000;
/** The shortest. */
export const MIN_LOCK_MS = 5_000;

/** When locks end by this machine's clock, which may differ from the service's. */
export class LockTimes {
  /** How long a lock lasts at most, in ms; less than the service's own limit once the queue's setting is known. */
  longestMs = MAX_LOCK_MS;

  /**
   * The end of a lock that began at most now.
   *
   * @param until as the service tells it, by its own clock
   * @param now ms since the epoch
   */
  endOf(until: Date | undefined, now: number): number {
    const toldMs = (until?.getTime() ?? 0) - now;
    return Math.floor(now + Math.min(this.longestMs, toldMs > 0 ? toldMs : MIN_LOCK_MS));
  }
}
