import {
  BackendError,
  errorMessage,
  JobqError,
  type JobqErrorOptions,
  PartialPushError,
} from "../core/errors.ts";
import type { ExitCode } from "../core/exit_code.ts";
import { plural } from "./confirm.ts";
import { rangesOf, rangesText, sedScript } from "./number_ranges.ts";

/** Of a job whose push got no answer, nobody knows whether it is on the queue. */
const DOUBT = "a job whose answer got lost may be on the queue all the same";

/** Some jobs of a push are not on the queue, or not known to be; says which, and what to do. */
export class FailedPushError extends JobqError {
  override readonly exitCode: ExitCode;

  constructor(message: string, { exitCode, ...options }: JobqErrorOptions & { exitCode: ExitCode }) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** What to throw for an error of a push of commands. @param name the queue's */
export function failedCommands(error: unknown, name: string): unknown {
  if (!(error instanceof PartialPushError)) return error instanceof JobqError ? failedCommand(error) : error;
  const { ids } = error;
  const missing = ids.flatMap((id, index) => id === undefined ? [index + 1] : []);
  const which = `${missing.length === 1 ? "command" : "commands"} ${rangesText(rangesOf(missing))}`;
  return failure(error, {
    message: `Cannot push ${missing.length} of ${plural(ids.length, "job")} to "${name}" (${which})`,
    name,
    advice: missing.length === ids.length ? nothingPushed(error) : "push those again",
  });
}

function failedCommand(error: JobqError): JobqError {
  if (!isInDoubt(error)) return error;
  const { message, hint, exitCode } = error;
  return new FailedPushError(message, { hint: joined(DOUBT, hint), exitCode, cause: error });
}

export interface FailedLinesOptions {
  /** Of the jobs of the error. */
  readonly numbers: readonly number[];
  /** How many jobs of the lines before them were pushed. */
  readonly pushed: number;
  /** The queue's. */
  readonly name: string;
}

/** The error about lines of standard input that could not all be pushed, after which no more were tried. */
export function failedLines(
  error: PartialPushError,
  { numbers, pushed, name }: FailedLinesOptions,
): FailedPushError {
  const { ids, failures } = error;
  const lastTried = Math.max(ids.findLastIndex((id) => id !== undefined), failures.at(-1)?.index ?? 0);
  const lastLine = numbers[lastTried] ?? 0;
  const failed = failures.map(({ index }) => numbers[index] ?? 0);
  const ranges = rangesOf(failed);
  const which = `${failed.length === 1 ? "line" : "lines"} ${rangesText(ranges)} of standard input`;
  const there = pushed + ids.filter((id) => id !== undefined).length;
  return failure(error, {
    message:
      `Cannot push ${failed.length} of ${plural(there + failed.length, "job")} to "${name}" (${which}), ` +
      `nor any after line ${lastLine}`,
    name,
    advice: there === 0
      ? nothingPushed(error)
      : `${there === 1 ? "the other one was" : `the ${there} others were`} pushed; ` +
        `push the rest with sed -n '${sedScript(ranges, lastLine)}' FILE`,
  });
}

interface FailureText {
  readonly message: string;
  readonly name: string;
  readonly advice: string;
}

function failure(error: PartialPushError, { message, name, advice }: FailureText): FailedPushError {
  const { cause, hint, exitCode, failures } = error;
  const said = errorMessage(cause);
  const known = `Cannot push to "${name}": `;
  const reason = said.startsWith(known) ? said.slice(known.length) : said;
  const doubt = failures.some((each) => isInDoubt(each.error)) ? DOUBT : undefined;
  return new FailedPushError(`${message}: ${reason}`, {
    hint: joined(advice, doubt, hint),
    cause: error,
    exitCode,
  });
}

function joined(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join("; ");
}

function nothingPushed({ failures }: PartialPushError): string {
  return failures.some(({ error }) => isInDoubt(error))
    ? "nothing is known to have been pushed"
    : "nothing was pushed";
}

function isInDoubt(error: unknown): boolean {
  return error instanceof BackendError && error.mayBeDone;
}
