import { LeaseLostError } from "../../core/errors.ts";
import type { CallOptions, Lease, LeaseOptions } from "../../core/queue.ts";
import type { Connection } from "./connection.ts";
import type { Link } from "./link.ts";
import type { WireLease } from "./messages.ts";
import { RemoteLease } from "./remote_lease.ts";
import { toWire } from "./wire_numbers.ts";

/** How long the answer of a lease() that was given up is waited for, in ms: a job may be in it. */
const LINGER_MS = 2_000;

/** As `Queue.lease`, and with `max` as `Queue.leaseMany`; no leases when none came in time. */
export async function leaseRemotely(
  link: Link,
  { signal, max, waitMs, ...options }: LeaseOptions & { max?: number },
): Promise<readonly Lease[]> {
  if (signal?.aborted) return [];
  const { clock } = link;
  const deadline = clock.now() + waitMs;
  const rest = { signal, lingerMs: LINGER_MS };

  const request = async (connection: Connection): Promise<readonly WireLease[]> => {
    const asked = toWire({ ...options, waitMs: Math.max(0, deadline - clock.now()) });
    const giveBack = (late: readonly (WireLease | undefined)[]) => {
      for (const each of late) {
        // Should that fail, the other side gives it back, to which nobody has confirmed it.
        if (each) connection.request("lease.release", { lease: each.lease, delayMs: 0 }).catch(() => {});
      }
    };
    if (max !== undefined) {
      return await connection.request("leaseMany", { ...asked, ...toWire({ max }) }, {
        ...rest,
        onLate: giveBack,
      });
    }
    const found = await connection.request("lease", asked, { ...rest, onLate: (late) => giveBack([late]) });
    return found === undefined ? [] : [found];
  };

  /** Undefined for one that the other side has given back. */
  const confirm = async (connection: Connection, wire: WireLease, sentAt: number) => {
    const lease = new RemoteLease(link, wire, { connection, sentAt, workerId: options.workerId });
    try {
      await connection.request("lease.confirm", { lease: wire.lease }, rest);
      return lease.lost.aborted ? undefined : lease;
    } catch (error) {
      // Either side may think that it is held. Should this fail too, it ends by itself.
      void lease.release().catch(() => {});
      if (error instanceof LeaseLostError) return undefined;
      throw error;
    }
  };

  const ask = async (connection: Connection): Promise<readonly Lease[]> => {
    for (;;) {
      const sentAt = clock.now();
      const found = await request(connection);
      const confirmed = await Promise.allSettled(found.map((wire) => confirm(connection, wire, sentAt)));
      const leases = confirmed.flatMap((one) => one.status === "fulfilled" ? one.value ?? [] : []);
      if (leases.length > 0 || found.length === 0) return leases;
      for (const each of confirmed) if (each.status === "rejected") throw each.reason;
    }
  };

  try {
    // The job of an answer that got lost is given back by the other side.
    return await link.use(ask, { action: "lease a job of", signal, repeat: true });
  } catch (error) {
    if (signal?.aborted) return [];
    throw error;
  }
}

/** As `Queue.resume`. */
export async function resumeRemotely(
  link: Link,
  ticket: string,
  { signal }: CallOptions = {},
): Promise<Lease> {
  return await link.use(async (connection) => {
    const sentAt = link.clock.now();
    const wire = await connection.request("resume", { ticket }, { signal });
    return new RemoteLease(link, wire, { connection, sentAt, workerId: undefined });
  }, { action: "resume a lease of", signal, repeat: true });
}
