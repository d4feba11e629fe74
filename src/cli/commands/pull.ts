import { EXIT } from "../../core/exit_code.ts";
import type { RunCommand } from "../command.ts";
import { openLog } from "../context.ts";
import { type RunFlags, runWorker } from "../run_worker.ts";

/** `jobq pull`. */
export const pull: RunCommand<RunFlags> = async (context, flags) => {
  const { summary, signalled } = await runWorker(context, flags, {
    create: false,
    maxJobs: 1,
    maxConsecutiveFailures: Infinity,
  });
  if (summary.reason === "idle") openLog(context, flags).info("nothing to do: the queue is empty");
  // A lost job may have done anything: it is not reported as done.
  return signalled ?? (summary.failed > 0 ? EXIT.jobFailed : summary.lost > 0 ? EXIT.backend : EXIT.ok);
};
