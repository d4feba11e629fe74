import { isFinished, type JobId } from "../core/job.ts";
import type { ExecutionKey } from "../core/job_logs.ts";
import type { JobRecord } from "../core/job_store.ts";
import type { Queue } from "../core/queue.ts";
import type { OutputStream } from "./io.ts";
import { LogCopy } from "./log_copy.ts";

export interface FollowOptions {
  readonly stdout: OutputStream;
  /** The number of the first execution to show. */
  readonly first: number;
  /** The number of the last one. Default: the last that there will be. */
  readonly last?: number;
  /** Numbers of executions that were shown in another way. */
  readonly shown?: ReadonlySet<number>;
  /** Answers true to leave before the job has finished. */
  readonly isEnough?: () => boolean;
  /** Told of each execution before it is shown. */
  readonly onExecution?: (number: number) => void;
  /** Told of what cannot be shown. */
  readonly onProblem: (text: string) => void;
  /** Called again and again until the job has finished. */
  readonly whileWaiting?: (job: JobRecord) => Promise<void> | void;
}

/** How often is looked for more, in ms. */
const POLL_MS = 100;

/** Prints what a job's executions print, one after the other, until the job has finished. Answers its record. */
export async function followJob(queue: Queue, id: JobId, options: FollowOptions): Promise<JobRecord> {
  const { first, last = Infinity, shown, isEnough, onExecution, whileWaiting } = options;
  for (let next = first, waitMs = 0;;) {
    const job = await look(queue, id, waitMs);
    waitMs = 0;
    if (next > last || isEnough?.()) return job;
    if (job.executions >= next) {
      if (!shown?.has(next)) {
        onExecution?.(next);
        await followExecution(queue, { id, execution: next }, options);
      }
      next++;
    } else if (isFinished(job.state)) return job;
    else {
      await whileWaiting?.(job);
      waitMs = POLL_MS;
    }
  }
}

async function followExecution(
  queue: Queue,
  key: ExecutionKey,
  { stdout, isEnough, onProblem, whileWaiting }: FollowOptions,
): Promise<void> {
  const log = new LogCopy(queue, key, stdout);
  for (let waitMs = 0; !isEnough?.(); waitMs = POLL_MS) {
    const job = await look(queue, key.id, waitMs);
    // After the look: what was printed before the end is there now.
    await log.next();
    if (job.executions > key.execution || job.state !== "running") {
      await log.end(onProblem);
      return;
    }
    await whileWaiting?.(job);
  }
}

/** The job's record: at once when it is finished, else when it is or `waitMs` have passed. */
async function look(queue: Queue, id: JobId, waitMs: number): Promise<JobRecord> {
  const { jobs: [job] } = await queue.wait([id], { timeoutMs: waitMs });
  if (job === undefined) throw new TypeError(`wait() answered nothing about job ${id}`);
  return job;
}
