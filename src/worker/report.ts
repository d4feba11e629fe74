import { formatDuration } from "../core/duration.ts";
import { errorMessage } from "../core/errors.ts";
import type { WorkerEvent } from "../core/events.ts";
import type { Job } from "../core/job.ts";
import type { Logger } from "../log/logger.ts";
import type { AttemptReport } from "./attempt.ts";

interface ReportOptions {
  readonly report: AttemptReport;
  readonly durationMs: number;
  readonly slot: number;
}

const EVENT_OF = { "lost": "job-lost", "unsettled": "job-unsettled", "not-run": "job-not-run" } as const;

/** What whoever watches the worker is told of an attempt. */
export function eventOf(job: Job, { report, durationMs, slot }: ReportOptions): WorkerEvent {
  if (report.kind !== "settled") return { kind: EVENT_OF[report.kind], job, slot };
  const { outcome, settlement } = report;
  return outcome.kind === "gated"
    ? { kind: "job-refused", job, slot, reason: outcome.reason }
    : { kind: "job-settled", job, slot, outcome, settlement, durationMs };
}

/** Says in the log how an attempt ended and what becomes of the job. */
export function logReport(log: Logger, job: Job, { report, durationMs, slot }: ReportOptions): void {
  const fields = { slot, attempt: job.attempts + 1, took: formatDuration(durationMs), name: job.name };
  switch (report.kind) {
    case "lost":
      return log.warn(`job ${job.id} is no longer ours: its lease was lost; nothing was settled`, fields);
    case "not-run":
      return log.error(
        `job ${job.id} cannot be run here and was given back: ${errorMessage(report.error)}`,
        fields,
      );
    case "unsettled":
      return log.error(
        `job ${job.id} ended, but the queue could not be told: ${errorMessage(report.error)}`,
        {
          ...fields,
          outcome: report.outcome.kind,
        },
      );
    case "settled":
      return logSettled(log, job, report, fields);
    default:
      report satisfies never;
  }
}

function logSettled(
  log: Logger,
  job: Job,
  { outcome, settlement }: Extract<AttemptReport, { kind: "settled" }>,
  fields: { attempt: number; took: string },
): void {
  switch (settlement.kind) {
    case "ack":
      return settlement.warning === undefined
        ? log.info(`job ${job.id} completed`, fields)
        : log.warn(`job ${job.id} completed; ${settlement.warning}`, fields);
    case "cancel":
      return log.info(`job ${job.id} was cancelled`, fields);
    case "release":
      return log.info(`job ${job.id} was interrupted and given back`, fields);
    case "refuse":
      return log.info(`job ${job.id} is not for this worker: its gate refused it`, {
        ...fields,
        because: outcome.kind === "gated" ? outcome.reason : undefined,
        "back in": formatDuration(settlement.delayMs),
      });
    case "retry":
      return log.warn(`job ${job.id} failed: ${settlement.failure.message}; next attempt later`, {
        ...fields,
        of: job.maxAttempts,
        in: formatDuration(settlement.delayMs),
      });
    case "dead-letter":
      return log.error(`job ${job.id} failed for good: ${settlement.failure.message}`, {
        ...fields,
        of: job.maxAttempts,
      });
    default:
      settlement satisfies never;
  }
}
