import { EXIT } from "../../core/exit_code.ts";
import { type Command, openLog } from "../context.ts";
import { type RunFlags, runWorker } from "../run_worker.ts";

/** `jobq pull`. */
export const pull: Command<RunFlags> = async (context, flags) => {
  const { summary, signalled } = await runWorker(context, flags, {
    create: false,
    maxJobs: 1,
    maxConsecutiveFailures: Infinity,
  });
  if (summary.reason === "idle") openLog(context, flags).info("nothing to do: the queue is empty");
  return signalled ?? (summary.failed > 0 ? EXIT.jobFailed : EXIT.ok);
};
