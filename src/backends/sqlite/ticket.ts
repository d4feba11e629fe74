import { UsageError } from "../../core/errors.ts";
import type { Job, JobId } from "../../core/job.ts";
import { parseJobId } from "../numbered_id.ts";
import type { Connection } from "./connection.ts";
import { decodeJobForDisplay, JOB_COLUMNS, type JobRow } from "./row.ts";

/** What names a lease for whoever takes it up in another process. Whoever has it may settle the job. */
export interface Ticket {
  readonly job: JobId;
  readonly token: string;
}

// A lease that ended, but whose job nobody has taken since, has no end any more, and the job waits again.
const FIND = `
  SELECT ${JOB_COLUMNS}, coalesce(visible_at, updated_at, started_at) AS expires_at, wait_ms FROM jobs
  WHERE seq = :seq AND suffix = :suffix AND queue_id = :queue_id AND lease_token = :token`;

/** The text of a ticket: JSON. */
export function formatTicket({ job, token }: Ticket): string {
  return JSON.stringify({ job, token });
}

/** @throws {UsageError} for what is no ticket, which it does not repeat */
export function parseTicket(text: string): Ticket {
  try {
    const { job, token } = JSON.parse(text) as Partial<Record<keyof Ticket, unknown>>;
    if (typeof job === "string" && typeof token === "string") return { job, token };
  } catch {
    // It is told below.
  }
  throw new UsageError("Cannot resume a lease: that is no ticket of a lease on an SQLite file");
}

/** What there is to know of the lease that a ticket names; undefined when it is lost. */
export function findTicket(
  connection: Connection,
  queueId: number,
  { job, token }: Ticket,
): FoundLease | undefined {
  const key = parseJobId(job);
  const row = key && connection.prepare(FIND).get({ ...key, queue_id: queueId, token });
  if (row === undefined) return undefined;
  const { seq, suffix } = row as unknown as JobRow;
  return {
    row: { seq, suffix },
    job: { ...decodeJobForDisplay(row as unknown as JobRow), state: "running" },
    expiresAt: Number(row.expires_at),
    leaseMs: Number(row.wait_ms),
  };
}

/** What makes an `SqliteLease`, apart from its queue. */
export interface FoundLease {
  readonly row: { readonly seq: number; readonly suffix: string };
  readonly job: Job;
  readonly expiresAt: number;
  readonly leaseMs: number;
}
