import { MemoryQueue } from "../../src/backends/memory/queue.ts";
import type { NewJob } from "../../src/core/job.ts";
import type { Queue } from "../../src/core/queue.ts";
import { createLogger, type LogRecord } from "../../src/log/logger.ts";
import { Worker } from "../../src/worker/worker.ts";
import type { WorkerOptions } from "../../src/worker/worker_options.ts";
import { ManualClock } from "./manual_clock.ts";
import { ScriptedRunner } from "./scripted_runner.ts";

/** A worker with everything around it that a test may want to look at. */
export interface Bench {
  readonly clock: ManualClock;
  /** Where the jobs are, whatever stands in front of it. */
  readonly queue: MemoryQueue;
  readonly runner: ScriptedRunner;
  readonly worker: Worker;
  readonly ids: readonly string[];
  /** What was logged so far, as `level: message`. */
  readonly logged: () => readonly string[];
}

export interface BenchOptions extends Partial<Omit<WorkerOptions, "queue">> {
  /** Puts something between the worker and the queue. */
  readonly front?: (queue: MemoryQueue) => Queue;
}

/** A worker, not started yet, and a queue with these jobs. */
export async function setUpWorker(
  jobs: readonly NewJob[],
  script: ConstructorParameters<typeof ScriptedRunner>[0],
  { front = (queue) => queue, ...options }: BenchOptions = {},
): Promise<Bench> {
  const clock = new ManualClock();
  const queue = new MemoryQueue({ clock });
  const ids = await queue.enqueue(jobs);
  const runner = new ScriptedRunner(script);
  const records: LogRecord[] = [];
  const log = createLogger("debug", (record) => records.push(record), () => clock.now());
  const retry = { jitter: 0 };
  const worker = new Worker({ queue: front(queue), runner, clock, log, retry, ...options });
  return {
    clock,
    queue,
    runner,
    worker,
    ids,
    logged: () => records.map(({ level, message }) => `${level}: ${message}`),
  };
}
