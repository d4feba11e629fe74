import { onAbort } from "../../core/abort.ts";
import { errorMessage, JobRefusedError, UnsupportedError, UsageError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit_code.ts";
import type { JobId, NewJob } from "../../core/job.ts";
import type { JobRecord } from "../../core/job_store.ts";
import type { Queue } from "../../core/queue.ts";
import { Caretaker } from "../caretaker.ts";
import type { RunCommand } from "../command.ts";
import { isLocalFile, openLog, openNamedQueue } from "../context.ts";
import { followJob } from "../follow_job.ts";
import { warnOfIdleFlags } from "../idle_flags.ts";
import { Interruption } from "../interruption.ts";
import { JobFailedError } from "../job_failed_error.ts";
import type { JOB_FLAGS } from "../job_options.ts";
import { plainText } from "../plain_text.ts";
import { killTimeoutOf, type RunFlags } from "../run_worker.ts";
import { ReaderWatch } from "../reader_watch.ts";
import { signalNumber } from "../signal_number.ts";
import { workerSurroundings } from "../worker_surroundings.ts";
import { givenAfter, givenJobs, refusalOf } from "./push.ts";

/** `jobq run`. */
export const run: RunCommand<typeof JOB_FLAGS & RunFlags> = async (context, flags) => {
  const { io } = context;
  const [job, ...others] = await givenJobs(flags, context.rest);
  if (job === undefined || others.length > 0) {
    throw new UsageError(`Cannot run ${job === undefined ? "nothing" : "several commands"}`, {
      hint: "write jobq run -- PROGRAM [ARG]..., or jobq run -c CMD",
    });
  }
  const say = (text: string) => void (flags.quiet || io.stderr.write(`${plainText(text)}\n`));
  const killTimeoutMs = killTimeoutOf(context, flags);
  // What is wrong there is said before a job is pushed.
  const surroundings = workerSurroundings(io, flags);
  const { durability } = flags;
  await using queue = await openNamedQueue(context, flags, { durability, create: flags.after.length === 0 });
  if (!queue.capabilities.keepsRecords) {
    throw new UnsupportedError(
      `Cannot run a job on "${queue.name}": it keeps no records that would tell its end`,
      {
        hint:
          "jobq push and jobq pull can do without; a queue in an SQLite file keeps them, for example -q jobs.db",
      },
    );
  }
  warnOfIdleFlags(queue, flags, openLog(context, flags));
  const id = await pushOne(queue, { ...job, after: await givenAfter(queue, flags) }, say);
  using interruption = new Interruption(io);
  using reader = new ReaderWatch(io.stdout);
  const signal = AbortSignal.any([interruption.signal, reader.signal]);
  let cancelled: Promise<unknown> | undefined;
  using _ = onAbort(signal, () => {
    const isUnread = reader.signal.aborted;
    say(isUnread ? `nobody reads: cancelling job ${id}` : `cancelling job ${id}; once more to leave at once`);
    const reason = isUnread ? "nobody read any more what it printed" : "its jobq run was interrupted";
    cancelled = queue.cancel([id], { reason }).catch((error) =>
      say(`cannot cancel job ${id}: ${errorMessage(error)}`)
    );
  });
  const shown = new Set<number>();
  const caretaker = new Caretaker(queue, id, {
    io,
    surroundings,
    log: openLog(context, { ...flags, quiet: flags.quiet || flags.verbose === 0 }),
    say,
    mayRun: isLocalFile(context, flags),
    leaseMs: flags.visibilityTimeout,
    killTimeoutMs,
    emulateTty: flags.emulateTty,
    maxLogBytes: flags.maxLogSize,
    signal,
    onExecution: (number) => shown.add(number),
  });
  const record = await followJob(queue, id, {
    stdout: io.stdout,
    first: 1,
    shown,
    onExecution: (number) => number > 1 && say(`execution ${number} of ${id}:`),
    onProblem: say,
    whileWaiting: (waiting) => caretaker.look(waiting),
  });
  await cancelled;
  // As a program ends that prints into a pipe which nobody reads.
  if (reader.signal.aborted && record.state === "cancelled") return 128 + (signalNumber("SIGPIPE") ?? 0);
  return interruption.exitCode ?? exitCodeOf(record);
};

/** Pushes the job, or finds the one that has its key; answers its id. */
async function pushOne(queue: Queue, job: NewJob, say: (text: string) => void): Promise<JobId> {
  let isOld = false;
  try {
    const [id = ""] = await queue.enqueue([job], { onSkip: () => isOld = true });
    say(isOld ? `job ${id}, which is not finished, has the same key: following that` : `job ${id}`);
    return id;
  } catch (error) {
    throw error instanceof JobRefusedError ? refusalOf(error, 0, 1) : error;
  }
}

/** What the command itself answered. @throws {JobFailedError} when it did not */
function exitCodeOf({ id, state, exitCode = 0, signal, failure }: JobRecord): number {
  if (state === "completed") return EXIT.ok;
  if (state === "failed" && signal !== undefined) return 128 + (signalNumber(signal) ?? 0);
  if (state === "failed" && exitCode !== 0) return exitCode;
  const isLate = state === "timeout";
  const what = isLate ? "it ran out of time" : state === "cancelled" ? "it was cancelled" : "it failed";
  const reason = failure === undefined || failure.message === what ? what : `${what}: ${failure.message}`;
  throw new JobFailedError(
    `Cannot finish job ${id}: ${plainText(reason)}`,
    isLate ? EXIT.timedOut : EXIT.jobFailed,
  );
}
