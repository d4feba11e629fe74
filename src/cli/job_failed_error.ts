import { JobqError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit_code.ts";

/** A job did not complete, in a way that its own exit code does not tell. */
export class JobFailedError extends JobqError {
  override readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT.jobFailed) {
    super(message);
    this.exitCode = exitCode;
  }
}
