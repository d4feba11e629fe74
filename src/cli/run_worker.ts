import type { Durability } from "../backends/registry.ts";
import type { ExitCode } from "../core/exit_code.ts";
import { UsageError } from "../core/errors.ts";
import { processRunner } from "../runner/process_runner.ts";
import { Worker, type WorkerOptions, type WorkerSummary } from "../worker/worker.ts";
import { type CliContext, openLog, openNamedQueue } from "./context.ts";
import { passThrough } from "./job_output.ts";
import { LiveLine } from "./live_line.ts";
import { type CommonFlags, durationFromEnv } from "./options.ts";
import { WorkerSignals } from "./signals.ts";

/** The flags that `worker` and `pull` share. */
export interface RunFlags extends CommonFlags {
  readonly visibilityTimeout: number;
  readonly killTimeout?: number;
  readonly durability: Durability;
}

const DEFAULT_KILL_TIMEOUT_MS = 30_000;

/** How a worker ended, and by which signal if any. */
export interface WorkerEnd {
  readonly summary: WorkerSummary;
  readonly signalled: ExitCode | undefined;
}

/** Runs a worker on the named queue, with the terminal, the signals and the log that a command has. */
export async function runWorker(
  context: CliContext,
  flags: RunFlags,
  options: Omit<WorkerOptions, "queue" | "runner"> & { create: boolean },
): Promise<WorkerEnd> {
  if (!(flags.visibilityTimeout >= 1_000)) {
    throw new UsageError(
      "Cannot use a --visibility-timeout below 1s: a lease that short cannot be renewed in time",
      {
        hint: "a dead worker's job comes back after it; 10m is the default",
      },
    );
  }
  const killTimeoutMs = flags.killTimeout ??
    durationFromEnv("JOBQ_KILL_TIMEOUT", context.io.env("JOBQ_KILL_TIMEOUT"), DEFAULT_KILL_TIMEOUT_MS);
  const isLive = context.io.isTerminal("stderr") && flags.logFormat === "text" && !flags.quiet;
  using live = isLive ? new LiveLine(context.io) : undefined;
  const io = live
    ? { ...context.io, stdout: live.around(context.io.stdout), stderr: live.around(context.io.stderr) }
    : context.io;
  const log = openLog({ ...context, io }, flags);
  await using queue = await openNamedQueue(context, flags, {
    create: options.create,
    durability: flags.durability,
    log,
  });
  const { slots = 1 } = options;
  const output = passThrough({ stdout: io.stdout, stderr: io.stderr, prefix: slots > 1 });
  await using runner = processRunner({ killTimeoutMs, output, log });
  const worker = new Worker({
    ...options,
    queue,
    runner,
    leaseMs: flags.visibilityTimeout,
    log,
    onEvent: (event) => live?.update(event),
  });
  using signals = new WorkerSignals(worker, io, (text) => log.warn(text));
  log.debug(`worker ${worker.id} starts`, { queue: queue.name, slots });
  const summary = await worker.run();
  return { summary, signalled: signals.exitCode };
}
