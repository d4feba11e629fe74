import type { Clock } from "../../core/clock.ts";
import { LeaseWatch, type WatchedLease } from "../lease_watch.ts";
import type { Connection } from "./connection.ts";

const ASKED = `
  SELECT lease_token AS token FROM jobs
  WHERE seq IN (SELECT value FROM json_each(?)) AND cancel_reason IS NOT NULL`;

/** A lease on a row. */
export interface WatchedRow extends WatchedLease {
  readonly seq: number;
}

export type CancelWatch = LeaseWatch<WatchedRow>;

/** Tells the holders of leases when their jobs are to be cancelled. */
export function cancelWatch(connection: Connection, clock: Clock): CancelWatch {
  return new LeaseWatch<WatchedRow>(clock, async (leases) => {
    const seqs = JSON.stringify(leases.map(({ seq }) => seq));
    const rows = await connection.read("read", () => connection.prepare(ASKED).all(seqs));
    const asked = new Set(rows.map(({ token }) => String(token)));
    return leases.filter(({ token }) => asked.has(token));
  });
}
