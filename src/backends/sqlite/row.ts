import { isTask, type Job, type JobState, type NewJob, type Task } from "../../core/job.ts";
import { formatJobId } from "../numbered_id.ts";

/** The columns that make a `Job`. */
export const JOB_COLUMNS =
  "seq, suffix, state, name, spec, max_attempts, attempts, lost_leases, retry_delay_ms, timeout_ms, created_at, visible_at, failure, priority, job_key, executions, has_parents";

/** What a job that waits for nothing but a worker meets: it is in the index `jobs_ready`. */
export const READY = "queue_id = :queue_id AND state = 'pending' AND visible_at IS NULL";

/** A row of JOB_COLUMNS. */
export interface JobRow {
  readonly seq: number;
  readonly suffix: string;
  readonly state: JobState;
  readonly name: string | null;
  readonly spec: string;
  readonly max_attempts: number;
  readonly attempts: number;
  readonly lost_leases: number;
  readonly retry_delay_ms: number | null;
  readonly timeout_ms: number | null;
  readonly created_at: number;
  readonly visible_at: number | null;
  readonly failure: string | null;
  readonly priority: number;
  readonly job_key: string | null;
  readonly executions: number;
  readonly has_parents: number;
}

/** What the `spec` column holds, as JSON: all that only the runner reads. */
interface Spec {
  readonly task: Task;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly gateCmd?: string;
  readonly bgDirsyncTo?: string;
  readonly bgDirsyncCreate?: boolean;
}

/** The `spec` of a new job. */
export function encodeSpec({ task, env, cwd, gateCmd, bgDirsyncTo, bgDirsyncCreate }: NewJob): string {
  const needsEnv = env !== undefined && Object.keys(env).length > 0;
  // The most frequent job by far, written in half the time.
  if (
    task.kind === "shell" && !needsEnv && cwd === undefined && gateCmd === undefined &&
    bgDirsyncTo === undefined
  ) {
    return `{"task":{"kind":"shell","command":${JSON.stringify(task.command)}}}`;
  }
  return JSON.stringify(
    { task, env: needsEnv ? env : undefined, cwd, gateCmd, bgDirsyncTo, bgDirsyncCreate } satisfies Spec,
  );
}

/** @throws when the row does not hold what jobq writes there */
export function decodeJob(row: JobRow): Job {
  const spec = decodeSpec(row.spec);
  return {
    id: formatJobId(row.seq, row.suffix),
    state: row.state,
    task: spec.task,
    name: row.name ?? undefined,
    env: spec.env ?? {},
    cwd: spec.cwd,
    gateCmd: spec.gateCmd,
    bgDirsyncTo: spec.bgDirsyncTo,
    bgDirsyncCreate: spec.bgDirsyncCreate,
    maxAttempts: row.max_attempts,
    attempts: row.attempts,
    executions: row.executions,
    priority: row.priority,
    key: row.job_key ?? undefined,
    hasParents: row.has_parents === 1,
    retryDelayMs: row.retry_delay_ms ?? undefined,
    timeoutMs: row.timeout_ms ?? undefined,
    createdAt: row.created_at,
    visibleAt: row.visible_at ?? undefined,
  };
}

/** As `decodeJob`, but a row that cannot be decoded is shown as such instead of failing the whole list. */
export function decodeJobForDisplay(row: JobRow): Job {
  try {
    return decodeJob(row);
  } catch {
    return decodeJob({
      ...row,
      spec: encodeSpec({ task: { kind: "shell", command: "(cannot be decoded)" } }),
    });
  }
}

function decodeSpec(text: string): Spec {
  const spec = JSON.parse(text) as Partial<Spec> | null;
  if (!isTask(spec?.task)) throw new TypeError("it holds no task");
  const env: unknown = spec?.env ?? {};
  if (
    typeof env !== "object" || env === null || !Object.values(env).every((value) => typeof value === "string")
  ) {
    throw new TypeError("its environment is not one");
  }
  const { task, cwd, gateCmd, bgDirsyncTo, bgDirsyncCreate } = spec;
  if (cwd !== undefined && typeof cwd !== "string") {
    throw new TypeError("its working directory is not a text");
  }
  if (gateCmd !== undefined && typeof gateCmd !== "string") throw new TypeError("its gate is not a text");
  if (bgDirsyncTo !== undefined && typeof bgDirsyncTo !== "string") {
    throw new TypeError("the place to synchronise to is not a text");
  }
  return { task, env: spec.env, cwd, gateCmd, bgDirsyncTo, bgDirsyncCreate: bgDirsyncCreate || undefined };
}
