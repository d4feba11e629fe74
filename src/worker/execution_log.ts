import type { Clock } from "../core/clock.ts";
import type { Job } from "../core/job.ts";
import type { JobLogs, LogWriter } from "../core/job_logs.ts";
import type { Logger } from "../log/logger.ts";
import { atMost } from "../runner/at_most.ts";

export interface ExecutionLogOptions {
  /** The most that is kept of one execution, in bytes; 0 for nothing. Default 10 MiB. */
  readonly maxLogBytes?: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted when nothing should be waited for any more. */
  readonly kill: AbortSignal;
}

const DEFAULT_MAX_LOG_BYTES = 10 * 1024 * 1024;
/** A job that has ended does not wait longer than this for its log, in ms. */
const CLOSE_MS = 5_000;

/** The log of the execution that a lease is for; undefined when none is kept, as where the queue has no place for it. */
export function openExecutionLog(
  logs: JobLogs | undefined,
  { id, executions: execution }: Job,
  { maxLogBytes: maxBytes = DEFAULT_MAX_LOG_BYTES, clock, log, kill }: ExecutionLogOptions,
): LogWriter | undefined {
  if (logs === undefined || maxBytes <= 0) return undefined;
  const onProblem = (reason: string) =>
    log.warn(`the output of job ${id} is not kept: ${reason}`, { execution });
  const writer = logs.open({ id, execution }, { maxBytes, onProblem });
  return {
    write: (bytes) => writer.write(bytes),
    close: () => atMost(CLOSE_MS, writer.close().catch(() => {}), { clock, signal: kill }),
  };
}
