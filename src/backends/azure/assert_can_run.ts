import { errorMessage } from "../../core/errors.ts";
import { assertRunnable } from "../../core/job.ts";
import type { MessageJob } from "../../core/wire/job_message.ts";
import { WireError } from "../../core/wire/wire_error.ts";

/** @throws {WireError} where no program can be started for the job */
export function assertCanRun(job: MessageJob): void {
  // Of a blank line the Python tool makes a job, which does nothing.
  if (job.task.kind === "shell" && job.task.command.trim() === "") return;
  try {
    assertRunnable(job);
  } catch (error) {
    throw new WireError(`no program can be started for it: ${errorMessage(error)}`, { cause: error });
  }
}
