import { EXIT } from "../../core/exit_code.ts";
import type { LeaveReason } from "../../worker/worker_options.ts";
import type { RunCommand } from "../command.ts";
import { openLog } from "../context.ts";
import { durationFromEnv, WORKER_FLAGS } from "../options.ts";
import { type RunFlags, runWorker } from "../run_worker.ts";

const REASONS: Readonly<Record<LeaveReason, string>> = {
  "idle": "the queue is empty",
  "drained": "drained",
  "interrupted": "interrupted",
  "time-limit": "the time limit is reached",
  "too-many-failures": "too many failures in a row",
  "not-qualified": "the gates of the jobs do not let this worker run them",
  "max-jobs": "done",
};

/** `jobq worker`. */
export const worker: RunCommand<typeof WORKER_FLAGS & RunFlags> = async (context, flags) => {
  const { summary, signalled } = await runWorker(context, flags, {
    create: true,
    slots: flags.numWorkers,
    maxConsecutiveFailures: flags.maxConsecutiveFailures,
    timeLimitMs: flags.timeLimit ??
      durationFromEnv("JOBQ_TIME_LIMIT", context.io.env("JOBQ_TIME_LIMIT"), {
        flag: WORKER_FLAGS.timeLimit,
        otherwise: Infinity,
      }),
    idleTimeoutMs: flags.idleTimeout,
    keepFinished: flags.keepFinished,
    heartbeat: flags.heartbeat,
  });
  const { reason, ...counts } = summary;
  openLog(context, flags).info(`leaving: ${REASONS[reason]}`, counts);
  return signalled ?? (reason === "too-many-failures" ? EXIT.tooManyFailures : EXIT.ok);
};
