import { formatAddress, parseAddress, redactAddress } from "../backends/address.ts";
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
 * Opens the queue that the command line, or else `$JOBQ` or `$JOBQ_STORAGE_QUEUE`, names, with the command's own log
 * unless another is given.
 *
 * @throws {UsageError} when it is named twice, and when options for queues on Azure or over SSH are given with another
 */
export async function openNamedQueue(
  context: CliContext,
  flags: CommonFlags,
  { azure, ...options }: Omit<OpenQueueOptions, "env" | "ssh">,
): Promise<Queue> {
  const { io } = context;
  const address = addressOf(context, flags);
  const { connStr: connectionString, sas, endpoint, transport, remoteJobq } = flags;
  const access = { connectionString, sas, endpoint, transport };
  if (Object.values({ ...access, remoteJobq }).some((value) => value !== undefined)) {
    checkAccessFlags(flags, address, io);
  }
  return await openQueue(address, {
    log: openLog(context, flags),
    ...options,
    azure: { ...access, ...azure },
    ssh: { remoteJobq, mayAsk: io.isTerminal("stdin") || io.isTerminal("stderr") },
    env: io.env,
  });
}

/** Whether the queue that is named is a file of this machine. @throws {UsageError} */
export function isLocalFile(context: CliContext, flags: CommonFlags): boolean {
  return parseAddress(addressOf(context, flags), context.io.env).kind === "sqlite";
}

/** What the environment says is for whichever queue it fits; what the command line says is meant for this one. */
function checkAccessFlags(flags: CommonFlags, text: string | undefined, { env }: Io): void {
  const { connStr, sas, endpoint, transport, remoteJobq } = flags;
  const address = parseAddress(text, env);
  const refuse = (flag: string, place: string, forms: string) =>
    new UsageError(`Cannot use ${flag} with "${formatAddress(address)}": it is not ${place}`, {
      hint: `name a queue like ${forms}, or leave the option out`,
    });
  const given = Object.entries({ "--conn-str": connStr, "--sas": sas, "--endpoint": endpoint })
    .find(([, value]) => value !== undefined);
  if (given !== undefined && address.kind !== "storage-queue" && address.kind !== "service-bus") {
    throw refuse(given[0], "on Azure", "ACCOUNT/QUEUE or sb://NAMESPACE/QUEUE");
  }
  if (transport !== undefined && address.kind !== "service-bus") {
    throw refuse("--transport", "on Azure Service Bus", "sb://NAMESPACE/QUEUE");
  }
  if (remoteJobq !== undefined && address.kind !== "ssh") {
    throw refuse("--remote-jobq", "reached over SSH", "ssh://HOST/PATH");
  }
  if (connStr === undefined || sas === undefined) return;
  throw new UsageError("Cannot use both --conn-str and --sas", {
    hint: "give one of them; a connection string may hold a SAS itself",
  });
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
  return leadingQueue ?? queue ?? (io.env("JOBQ") || io.env("JOBQ_STORAGE_QUEUE") || undefined);
}
