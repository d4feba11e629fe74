import { parseDuration } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import { JOB_STATES, type JobState } from "../core/job.ts";
import { SORT_KEYS } from "../core/job_store.ts";
import { choiceFlag, switchFlag, valueFlag } from "./flag.ts";
import { ALL, JSON_OUTPUT, limitFlag, parseCount, YES } from "./options.ts";

/** The options of the commands that look at the records of jobs and steer them. */

export const STATUS_FLAGS = {
  showEnv: switchFlag({ brief: "Show the values of the environment too, which may be secrets" }),
  json: JSON_OUTPUT,
};

export const LIST_FLAGS = {
  state: valueFlag(parseStates, {
    placeholder: "STATE[,STATE]",
    brief: `Only jobs in these states: ${JOB_STATES.join(", ")}`,
  }),
  name: valueFlag((value) => value, {
    placeholder: "GLOB",
    brief: "Only jobs whose name fits a pattern: *, ?, [a-z]",
  }),
  since: valueFlag(parsePast, {
    placeholder: "DURATION|DATE",
    brief: "Only jobs that were pushed since: 1h, 2026-05-01, 2026-05-01T09:30",
  }),
  sort: choiceFlag(SORT_KEYS, { brief: "The newest, highest or longest first; names from a to z" }),
  reverse: switchFlag({ brief: "The other way round" }),
  limit: limitFlag("100"),
  json: JSON_OUTPUT,
};

export const REQUEUE_FLAGS = {
  failed: switchFlag({ brief: "All that failed" }),
  timeout: switchFlag({ brief: "All that ran out of time" }),
  cancelled: switchFlag({ brief: "All that were cancelled" }),
  json: JSON_OUTPUT,
};

export const PRUNE_FLAGS = {
  completed: switchFlag({ brief: "Completed jobs" }),
  cancelled: switchFlag({ brief: "Cancelled jobs" }),
  failed: switchFlag({ brief: "Jobs that failed" }),
  timeout: switchFlag({ brief: "Jobs that ran out of time" }),
  before: valueFlag(parsePast, {
    placeholder: "DURATION|DATE",
    brief: "Only those that finished before: 7d (ago), 2026-05-01, 2026-05-01T09:30",
  }),
  yes: YES,
  json: JSON_OUTPUT,
};

export const WAIT_FLAGS = {
  all: ALL,
  timeout: valueFlag(parseDuration, {
    placeholder: "DURATION",
    brief: "Give up after this, and exit with 124",
  }),
  any: switchFlag({ brief: "Until one of them has finished" }),
  failFast: switchFlag({ brief: "Until one of them has finished without completing" }),
  json: JSON_OUTPUT,
};

export const LOGS_FLAGS = {
  follow: switchFlag({ alias: "f", brief: "Go on as it comes, until the job has finished" }),
  attempt: valueFlag((value) => parseCount(value, 1), {
    placeholder: "N",
    brief: "Of this execution, by its number in jobq status (default: the newest)",
  }),
};

export const STOP_FLAGS = {
  now: switchFlag({ brief: "Stop the running jobs too, and give them back" }),
  json: JSON_OUTPUT,
};

function parseStates(value: string): readonly JobState[] {
  return value.split(",").map((word) => {
    const state = JOB_STATES.find((known) => known === word.trim());
    if (state === undefined) {
      throw new UsageError(`"${word}" is not a state`, { hint: `the states are ${JOB_STATES.join(", ")}` });
    }
    return state;
  });
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * Reads an instant of the past: a duration, for so long ago, or an ISO date, with a time of day or for its midnight,
 * in the local time zone unless it names one.
 *
 * @returns ms since the epoch
 * @throws {UsageError}
 */
export function parsePast(value: string): number {
  const text = value.trim();
  const hint =
    "write it like 2026-05-01, 2026-05-01T09:30 or 2026-05-01T09:30:00Z, or as a duration, like 7d";
  if (/^\d+-/.test(text)) {
    const at = parseDate(text);
    if (at !== undefined) return at;
    throw new UsageError(`"${value}" is not a date`, { hint });
  }
  try {
    return Date.now() - parseDuration(text);
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(error.message, { hint, cause: error }) : error;
  }
}

function parseDate(text: string): number | undefined {
  const [, year, month, day, time = "00:00", zone = ""] = DATE.exec(text) ?? [];
  // Date takes the 31st of February for the 2nd of March.
  const exists =
    new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
  const at = Date.parse(`${year}-${month}-${day}T${time}${zone}`);
  return exists && Number.isFinite(at) ? at : undefined;
}
