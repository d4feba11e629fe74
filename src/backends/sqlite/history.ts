import type { Connection } from "./connection.ts";

const ARCHIVE = `
  INSERT INTO executions (job, number, worker_id, started_at, ended_at, outcome, failure, output, warning)
  SELECT seq, executions, worker_id, started_at, coalesce(ended_at, max(started_at, :now)),
    coalesce(outcome, 'lost'),
    CASE WHEN outcome = 'gated' AND json_valid(refusals)
      THEN json_object('message', refusals ->> '$[#-1].reason') ELSE failure END,
    output, warning
  FROM jobs WHERE seq = :seq AND started_at IS NOT NULL
  ON CONFLICT DO NOTHING`;

/**
 * Keeps the newest execution of a job before its row is used for something else, inside the caller's transaction. An
 * execution that nobody ended is lost. One that was kept before stays as it was.
 */
export function archiveExecution(connection: Connection, seq: number, now: number): void {
  connection.prepare(ARCHIVE).run({ seq, now });
}
