import { parseAddress, redactAddress } from "../backends/address.ts";
import { openQueue, type OpenQueueOptions } from "../backends/registry.ts";
import type { Queue } from "../core/queue.ts";
import { formatJson } from "../log/json_sink.ts";
import { createLogger, type Logger } from "../log/logger.ts";
import { formatPretty } from "../log/pretty_sink.ts";
import { UsageError } from "../core/errors.ts";
import type { Io } from "./io.ts";
import type { CommonFlags } from "./options.ts";

/** What a command is given besides its flags. */
export interface CliContext {
  readonly io: Io;
  /** The queue that stood before the command's name. */
  readonly leadingQueue?: string;
  /** What stood after `--`. */
  readonly rest: readonly string[];
}

/** The log of a command: to stderr, in the format and from the level that its flags say. */
export function openLog({ io }: CliContext, { verbose = 0, quiet, logFormat }: CommonFlags): Logger {
  const color = io.isTerminal("stderr") && !io.env("NO_COLOR");
  const format = logFormat === "json"
    ? formatJson
    : (record: Parameters<typeof formatJson>[0]) => formatPretty(record, { color });
  return createLogger(
    verbose > 0 ? "debug" : quiet ? "warn" : "info",
    (record) => io.stderr.note(format(record)),
  );
}

/**
 * Opens the queue that the command line, or else `$JOBQ`, names, with the command's own log unless another is given.
 *
 * @throws {UsageError} when it is named twice
 */
export function openNamedQueue(
  context: CliContext,
  flags: CommonFlags,
  options: Omit<OpenQueueOptions, "env">,
): Promise<Queue> {
  const { io } = context;
  return openQueue(addressOf(context, flags), { log: openLog(context, flags), ...options, env: io.env });
}

/** Whether the queue that is named is a file of this machine. @throws {UsageError} */
export function isLocalFile(context: CliContext, flags: CommonFlags): boolean {
  return parseAddress(addressOf(context, flags), context.io.env).kind === "sqlite";
}

function addressOf({ io, leadingQueue }: CliContext, { queue }: CommonFlags): string | undefined {
  if (leadingQueue !== undefined && queue !== undefined) {
    throw new UsageError(
      `Cannot use two queues: "${redactAddress(leadingQueue)}" before the command and "${
        redactAddress(queue)
      }" after -q`,
      {
        hint: "give one of them",
      },
    );
  }
  return leadingQueue ?? queue ?? (io.env("JOBQ") || undefined);
}
