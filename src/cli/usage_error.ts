import {
  AliasNotFoundError,
  ArgumentParseError,
  ArgumentScannerError,
  FlagNotFoundError,
  formatMessageForArgumentScannerError,
  UnexpectedPositionalError,
} from "@stricli/core";
import { errorMessage, JobqError } from "../core/errors.ts";

/** Words an error of the command line like every other error: what, why, what to do. */
export function formatScannerError(error: unknown): string {
  if (!(error instanceof ArgumentScannerError)) return `error: ${errorMessage(error)}`;
  const message = formatMessageForArgumentScannerError(error, {
    FlagNotFoundError: ({ input }) => `Cannot use "--${input.replace(/^--/, "")}": there is no such option`,
    AliasNotFoundError: ({ input }) => `Cannot use "-${input}": there is no such option`,
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: flag, input, exception }) =>
      `Cannot use "${input}" for ${/^[A-Z]/.test(flag) ? flag : `--${flag}`}: ${errorMessage(exception)}`,
    EnumValidationError: ({ externalFlagName, input, values }) =>
      `Cannot use "${input}" for --${externalFlagName}: it must be one of ${values.join(", ")}`,
    UnsatisfiedFlagError: ({ externalFlagName }) => `Cannot use --${externalFlagName}: it lacks a value`,
    UnexpectedFlagError: ({ externalFlagName, input }) =>
      `Cannot use --${externalFlagName}: it lacks a value ("${input}" is another option)`,
    UnexpectedPositionalError: ({ input }) => `Cannot use "${input}": nothing is expected there`,
    UnsatisfiedPositionalError: ({ placeholder }) => `Cannot go on: ${placeholder} is missing`,
  });
  return `error: ${message}\nhint: ${hintFor(error)}`;
}

function hintFor(error: ArgumentScannerError): string {
  if (error instanceof FlagNotFoundError && error.corrections.length > 0) {
    return `did you mean ${error.corrections.join(" or ")}?`;
  }
  if (error instanceof ArgumentParseError && error.exception instanceof JobqError && error.exception.hint) {
    return error.exception.hint;
  }
  if (error instanceof AliasNotFoundError || error instanceof FlagNotFoundError) {
    return "--help lists the options";
  }
  if (error instanceof UnexpectedPositionalError) {
    return "a command for bash is given with -c 'CMD', a program and its arguments after --";
  }
  return "--help tells what is expected";
}
