import { isRefusals } from "../../core/gate.ts";
import { assertRunnable, isTask, type JobId, type NewJob, type ParentCondition } from "../../core/job.ts";
import type { Entry, ExecutionEntry, Link } from "../job_graph/entry.ts";
import { idOfKey, type Key, readKey } from "./names.ts";

/*
 * A job's file: JSON lines. The first says what was pushed; each further one, what became of the job then. So a state
 * change adds a line and renames the file, and one that was cut off by a power loss or a full disk is not a line.
 */

/** The first line. */
interface Pushed {
  readonly jobq: 1;
  /** The letters of the job's id: a file that got the name of another job is none. */
  readonly suffix: string;
  readonly createdAt: number;
  readonly waitMs: number;
  readonly job: Omit<NewJob, "after" | "delayMs">;
  readonly parents?: readonly (readonly [JobId, ParentCondition])[];
}

/** What may change in the life of a job; what is absent in a line is so in the job. */
type Mutable = Pick<
  Entry,
  | "state"
  | "updatedAt"
  | "attempts"
  | "lostLeases"
  | "waitMs"
  | "visibleAt"
  | "failure"
  | "cause"
  | "result"
  | "warning"
  | "refusals"
  | "finishedAt"
>;

/** A further line. */
interface Change extends Mutable {
  /** The lease under which the change was made. */
  readonly token?: string;
  /** The newest execution. */
  readonly execution?: ExecutionEntry;
  /** More parents that have come to what was waited for. */
  readonly satisfied?: readonly JobId[];
  /** Parents that are waited for again. */
  readonly unsatisfied?: readonly JobId[];
  /** The job was requeued since its newest execution. */
  readonly isRenewed?: true;
  /** The file that the result is in. */
  readonly resultFile?: string;
}

/** A job as its file tells it. */
export interface StoredJob {
  readonly entry: Entry;
  /** The lease of the newest execution. */
  readonly token?: string;
  /** The file that the result is in, which is not read yet. */
  readonly resultFile?: string;
}

/** The first line of a new job's file. */
export function encodePushed({ pushed, createdAt, waitMs, parents }: Entry, suffix: string): string {
  const { jsonLine: _, ...job } = pushed;
  const line: Pushed = {
    jobq: 1,
    suffix,
    createdAt,
    waitMs,
    job,
    parents: parents.size > 0 ? Array.from(parents, ([id, { when }]) => [id, when]) : undefined,
  };
  return `${JSON.stringify(line)}\n`;
}

export interface ChangeOptions {
  /** The lease under which the change was made. */
  readonly token?: string;
  /** The file that the result is in. */
  readonly resultFile?: string;
  /** The parents that had come to what was waited for before; default: the same as now. */
  readonly satisfiedBefore?: ReadonlySet<JobId>;
}

/** A further line, as the job is now. It begins with the end of a line: the one before it may have been cut off. */
export function encodeChange(
  entry: Entry,
  { token, resultFile, satisfiedBefore }: ChangeOptions = {},
): string {
  const { state, updatedAt, attempts, lostLeases, waitMs, visibleAt, failure, cause, warning } = entry;
  const line: Change = {
    state,
    updatedAt,
    attempts,
    lostLeases,
    waitMs,
    visibleAt: state === "running" ? undefined : visibleAt,
    failure,
    cause,
    result: resultFile === undefined ? entry.result : undefined,
    resultFile,
    warning,
    refusals: entry.refusals,
    finishedAt: entry.finishedAt,
    token,
    execution: entry.history.at(-1),
    ...satisfiedBefore && linkChanges(entry, satisfiedBefore),
    isRenewed: entry.latest === undefined && entry.history.length > 0 ? true : undefined,
  };
  return `\n${JSON.stringify(line)}\n`;
}

/** The parents that have come to what was waited for. */
export function satisfiedOf({ parents }: Entry): ReadonlySet<JobId> {
  const satisfied = new Set<JobId>();
  for (const [id, { isSatisfied }] of parents) if (isSatisfied) satisfied.add(id);
  return satisfied;
}

/** A job may have thousands of parents, and hears of them one by one: a line tells of the new ones only. */
function linkChanges(
  { parents }: Entry,
  before: ReadonlySet<JobId>,
): Pick<Change, "satisfied" | "unsatisfied"> {
  const satisfied: JobId[] = [];
  const unsatisfied: JobId[] = [];
  for (const [id, { isSatisfied }] of parents) {
    if (isSatisfied !== before.has(id)) (isSatisfied ? satisfied : unsatisfied).push(id);
  }
  return {
    satisfied: satisfied.length > 0 ? satisfied : undefined,
    unsatisfied: unsatisfied.length > 0 ? unsatisfied : undefined,
  };
}

/** Reads a job's file. @returns undefined when it is none: its first line is not whole, or not of this job */
export function decodeJob(key: Key, text: string): StoredJob | undefined {
  const lines = text.split("\n");
  const pushed = readPushed(key, parse(lines[0] ?? ""));
  // Without the end of the line, it may have been cut off in the middle of a number.
  if (pushed === undefined || lines.length < 2) return undefined;
  const parents = new Map<JobId, Link>(
    pushed.parents?.map(([id, when]) => [id, { when, isSatisfied: false }]),
  );
  const entry: Entry = {
    id: idOfKey(key),
    seq: readKey(key)?.seq ?? 0,
    pushed: pushed.job,
    createdAt: pushed.createdAt,
    parents,
    history: [],
    state: parents.size > 0 ? "blocked" : "pending",
    updatedAt: pushed.createdAt,
    attempts: 0,
    lostLeases: 0,
    waitMs: pushed.waitMs,
    visibleAt: parents.size === 0 && pushed.waitMs > 0 ? pushed.createdAt + pushed.waitMs : undefined,
  };
  let token: string | undefined;
  let resultFile: string | undefined;
  for (const line of lines.slice(1)) {
    const change = readChangeLine(line);
    if (change === undefined) continue;
    // Somebody who was late, and did not know it.
    if (
      change.token !== undefined && change.state !== "running" &&
      !(entry.state === "running" && change.token === token)
    ) {
      continue;
    }
    apply(entry, change);
    if (change.state === "running") token = change.token;
    resultFile = change.resultFile;
  }
  return { entry, token, resultFile };
}

function apply(entry: Entry, change: Change): void {
  const { token: _, execution, satisfied = [], unsatisfied = [], isRenewed, resultFile: __, ...mutable } =
    change;
  Object.assign(entry, ABSENT, mutable);
  if (execution !== undefined) {
    for (let number = entry.history.length + 1; number < execution.number; number++) {
      // The line that told of it is lost.
      entry.history.push({ number, startedAt: entry.createdAt, outcome: "lost" });
    }
    // Its end is lost, too, if a later one has begun.
    for (const earlier of entry.history.slice(0, execution.number - 1)) {
      if (earlier.outcome === "running") {
        Object.assign(earlier, { outcome: "lost", endedAt: earlier.startedAt });
      }
    }
    entry.history[execution.number - 1] = execution;
  }
  entry.latest = isRenewed ? undefined : entry.history.at(-1);
  for (const id of satisfied) setLink(entry, id, true);
  for (const id of unsatisfied) setLink(entry, id, false);
}

function setLink({ parents }: Entry, id: JobId, isSatisfied: boolean): void {
  const link = parents.get(id);
  if (link !== undefined) link.isSatisfied = isSatisfied;
}

const ABSENT = {
  visibleAt: undefined,
  failure: undefined,
  cause: undefined,
  result: undefined,
  warning: undefined,
  refusals: undefined,
  finishedAt: undefined,
} satisfies Partial<Mutable>;

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function readPushed(key: Key, value: unknown): Pushed | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { jobq, suffix, createdAt, waitMs, job, parents = [] } = value as Partial<Pushed>;
  if (jobq !== 1 || suffix !== readKey(key)?.suffix || typeof job !== "object" || job === null) {
    return undefined;
  }
  if (!Number.isFinite(createdAt) || !Number.isFinite(waitMs) || !isTask(job.task) || !isRunnable(job)) {
    return undefined;
  }
  if (!Array.isArray(parents) || !parents.every((parent) => Array.isArray(parent) && isText(parent[0]))) {
    return undefined;
  }
  return value as Pushed;
}

/** Whether all that was pushed is what it should be. */
function isRunnable(job: NewJob): boolean {
  try {
    assertRunnable(job);
    return Object.values(job.env ?? {}).every(isText);
  } catch {
    return false;
  }
}

/** What a further line tells; undefined for one that tells nothing. */
export function readChangeLine(line: string): Change | undefined {
  return readChange(parse(line));
}

function readChange(value: unknown): Change | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { state, updatedAt, execution, resultFile, refusals } = value as Partial<Change>;
  if (!isText(state) || !Number.isFinite(updatedAt)) return undefined;
  // Not out of the queue's directory.
  if (resultFile !== undefined && !/^results\/\d+\/\d+\/[0-9a-z.-]+\.json$/.test(String(resultFile))) {
    return undefined;
  }
  if (refusals !== undefined && !isRefusals(refusals)) return undefined;
  if (execution !== undefined && !(Number.isSafeInteger(execution.number) && execution.number > 0)) {
    return undefined;
  }
  return value as Change;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
