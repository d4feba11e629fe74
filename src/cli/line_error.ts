import { UnsupportedError, UsageError } from "../core/errors.ts";

/** What is told of a line that cannot be pushed. */
export interface LineErrorOptions {
  readonly number: number;
  readonly error: unknown;
  /** How many jobs of the lines before it were pushed. */
  readonly pushed: number;
}

/** The error about a line of standard input, if the line is to blame: those before it were pushed. */
export function lineError({ number, error, pushed }: LineErrorOptions): unknown {
  if (!(error instanceof UsageError || error instanceof UnsupportedError)) return error;
  const before = pushed === 0
    ? "nothing was pushed"
    : `the ${pushed === 1 ? "job" : `${pushed} jobs`} of the lines before it ${
      pushed === 1 ? "was" : "were"
    } pushed`;
  const advice = error.hint ? `; ${error.hint}` : "";
  const reason = error.message.replace(/^Cannot push the job: /, "");
  return new UsageError(`Cannot push line ${number} of standard input: ${reason}`, {
    hint: `${before}; push again from line ${number} on${advice}`,
    cause: error,
  });
}
