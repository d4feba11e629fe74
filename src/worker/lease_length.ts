import type { Clock } from "../core/clock.ts";
import type { Lease, Queue } from "../core/queue.ts";

const DEFAULT_LEASE_MS = 600_000;

/** How long a lease a worker asks for, in ms; where the queue says how long they last, at most as long as it can. */
export function askedLeaseMs({ capabilities }: Queue, leaseMs = DEFAULT_LEASE_MS): number {
  const { fixedLease, maxLeaseMs } = capabilities;
  return fixedLease ? Math.min(leaseMs, maxLeaseMs) : leaseMs;
}

/** How long the lease lasts that the worker got, and each renewal of it, in ms. */
export function heldLeaseMs(
  lease: Lease,
  { queue, leaseMs, clock }: { queue: Queue; leaseMs: number; clock: Clock },
): number {
  return queue.capabilities.fixedLease ? Math.max(1, lease.expiresAt - clock.now()) : leaseMs;
}
