import type { ExitCode } from "../core/exit_code.ts";
import { findPrograms } from "../runner/programs.ts";
import { UnsupportedError } from "../core/errors.ts";
import { processRunner } from "../runner/process_runner.ts";
import { Worker } from "../worker/worker.ts";
import type { WorkerOptions, WorkerSummary } from "../worker/worker_options.ts";
import { type CliContext, openLog, openNamedQueue } from "./context.ts";
import type { FlagValues } from "./flag.ts";
import { warnOfIdleFlags } from "./idle_flags.ts";
import { passThrough } from "./job_output.ts";
import { LiveLine } from "./live_line.ts";
import { type COMMON_FLAGS, type DURABILITY, durationFromEnv, RUN_FLAGS } from "./options.ts";
import { WorkerSignals } from "./signals.ts";
import { workerSurroundings } from "./worker_surroundings.ts";

/** The options that `worker`, `pull` and `run` share. */
export type RunFlags = typeof RUN_FLAGS & typeof COMMON_FLAGS & { durability: typeof DURABILITY };

const DEFAULT_KILL_TIMEOUT_MS = 30_000;

/** How a worker ended, and by which signal if any. */
export interface WorkerEnd {
  readonly summary: WorkerSummary;
  readonly signalled: ExitCode | undefined;
}

/** Runs a worker on the named queue, with the terminal, the signals and the log that a command has. */
export async function runWorker(
  context: CliContext,
  flags: FlagValues<RunFlags>,
  options: Omit<WorkerOptions, "queue" | "runner"> & { create: boolean },
): Promise<WorkerEnd> {
  const { emulateTty } = flags;
  const killTimeoutMs = killTimeoutOf(context, flags);
  const surroundings = workerSurroundings(context.io, flags);
  // What is missing is said before a job is taken.
  if (emulateTty) await findPrograms(context.io.env("PATH") ?? "", { terminal: true });
  const isLive = context.io.isTerminal("stderr") && !context.io.env("NO_COLOR") &&
    flags.logFormat === "text" && !flags.quiet;
  using live = isLive ? new LiveLine(context.io) : undefined;
  const io = live
    ? { ...context.io, stdout: live.around("stdout"), stderr: live.around("stderr") }
    : context.io;
  const log = openLog({ ...context, io }, flags);
  await using queue = await openNamedQueue(context, flags, {
    create: options.create,
    durability: flags.durability,
    azure: { lockDurationMs: flags.lockDuration },
    log,
  });
  warnOfIdleFlags(queue, flags, log);
  if (options.keepFinished !== undefined && !queue.capabilities.keepsRecords) {
    throw new UnsupportedError(
      `Cannot use --keep-finished on "${queue.name}": finished jobs leave no records there`,
      {
        hint: "leave it out; a queue in an SQLite file keeps records, for example -q jobs.db",
      },
    );
  }
  const { slots = 1 } = options;
  const output = passThrough({ stdout: io.stdout, stderr: io.stderr, prefix: slots > 1 });
  await using runner = processRunner({ killTimeoutMs, output, emulateTty, log });
  const worker = new Worker({
    ...options,
    ...surroundings,
    gateReschedule: flags.gateReschedule,
    queue,
    runner,
    leaseMs: flags.visibilityTimeout,
    maxLogBytes: flags.maxLogSize,
    log,
    onEvent: (event) => live?.update(event),
  });
  using signals = new WorkerSignals(worker, io, (text) => log.warn(text));
  log.debug(`worker ${worker.id} starts`, { queue: queue.name, slots });
  const summary = await worker.run();
  return { summary, signalled: signals.exitCode };
}

/** The time from TERM to KILL, in ms. @throws {UsageError} for what `$JOBQ_KILL_TIMEOUT` holds */
export function killTimeoutOf({ io }: CliContext, { killTimeout }: FlagValues<typeof RUN_FLAGS>): number {
  const otherwise = DEFAULT_KILL_TIMEOUT_MS;
  return killTimeout ??
    durationFromEnv("JOBQ_KILL_TIMEOUT", io.env("JOBQ_KILL_TIMEOUT"), {
      flag: RUN_FLAGS.killTimeout,
      otherwise,
    });
}
