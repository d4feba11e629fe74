import { formatAddress, parseAddress, redactAddress } from "../../backends/address.ts";
import { startLine } from "../../backends/start_line.ts";
import {
  type CheckResult,
  type HelperProcess,
  loadProbe,
  type ProbeReport,
} from "../../backends/registry.ts";
import { BackendError, errorMessage, UsageError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit_code.ts";
import { lazyImport } from "../../core/lazy_import.ts";
import type { RunCommand } from "../command.ts";
import { type CliContext, openLog } from "../context.ts";
import { Interruption } from "../interruption.ts";
import type { COMMON_FLAGS, CommonFlags, JSON_OUTPUT } from "../options.ts";
import { ownProgram } from "../own_program.ts";
import { plainText } from "../plain_text.ts";
import { printJson } from "../print_lines.ts";
import { formatTable } from "../table.ts";

/** The word that makes the command its own second process; a directory of that name is written `./__helper`. */
const HELPER_WORD = "__helper";
/** The word before a command whose rights are asked for; a directory of that name is written `./rights`. */
const RIGHTS_WORD = "rights";

const GUARANTEES: Readonly<Record<ProbeReport["guarantee"], string>> = {
  "exactly-one-at-a-time": "exactly one at a time",
  "at-least-once": "at least once",
  "not-usable": "not usable",
};

/** `jobq doctor DIR`. */
export const doctor: RunCommand<typeof COMMON_FLAGS & { json: typeof JSON_OUTPUT }> = async (
  context,
  flags,
  [word, ...others],
) => {
  const { io } = context;
  if (word === RIGHTS_WORD) {
    const { doctorRights } = await lazyImport<typeof import("./doctor_rights.ts")>(
      import.meta.resolve("./doctor_rights.ts"),
    );
    return await doctorRights(context, flags, others);
  }
  const [extra] = others;
  if (extra !== undefined) {
    throw new UsageError(`Cannot use "${redactAddress(extra)}": nothing is expected there`, {
      hint: "write jobq doctor DIR, or jobq doctor rights COMMAND",
    });
  }
  if (word === HELPER_WORD) {
    const { serveHelper } = await loadProbe();
    return await serveHelper(io.stdin(), (line) => io.stdout.write(line));
  }
  const path = directoryOf(context, flags, word);
  const { probeDirectory, describeQueue } = await loadProbe();
  using interruption = new Interruption(io);
  const report = await probeDirectory(path, {
    startHelper,
    describeQueue,
    log: openLog(context, flags),
    signal: interruption.signal,
    onResult: (result) => flags.json ? undefined : void io.stdout.write(rowOf(result)),
  });
  if (report === undefined) return interruption.exitCode;
  if (flags.json) await printJson(io.stdout, [report], (whole) => toJson(path, whole));
  else await io.stdout.write(conclusionOf(report));
  return report.guarantee === "not-usable" ? EXIT.backend : EXIT.ok;
};

/** @throws {UsageError} when none, or something else than a directory is named */
function directoryOf({ io, leadingQueue }: CliContext, { queue }: CommonFlags, word?: string): string {
  const named = [word, leadingQueue, queue].filter((text) => text !== undefined);
  if (named.length > 1) {
    throw new UsageError("Cannot probe two directories at once", { hint: "give one of them" });
  }
  const text = named[0] ?? (io.env("JOBQ") || undefined);
  if (text === undefined || text === "") {
    throw new UsageError("Cannot go on: DIR is missing", { hint: "write it like jobq doctor /shared/queue" });
  }
  // Without a scheme, what stands for DIR is a path, in whatever form.
  if (text === word && !/^(?:(?:file|sqlite|ssh|sb):|~)/.test(text)) return text;
  const address = parseAddress(text, io.env);
  if (address.kind === "directory") return address.path;
  throw new UsageError(`Cannot probe "${formatAddress(address)}": it is not a directory`, {
    hint: address.kind === "ssh"
      ? "run jobq doctor on that host"
      : "only queues in a directory depend on the filesystem like that",
  });
}

/** Starts jobq a second time, out of reach of the terminal's Ctrl-C: the first one ends it. */
function startHelper(): HelperProcess {
  const program = ownProgram();
  let child: Deno.ChildProcess;
  try {
    const { file, args, env } = startLine([program.command, ...program.args, "doctor", HELPER_WORD], {
      env: { ...Deno.env.toObject(), ...program.env },
    });
    child = new Deno.Command(file, {
      args,
      env,
      clearEnv: true,
      detached: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
  } catch (cause) {
    throw new BackendError(`Cannot start a second process: ${errorMessage(cause)}`, {
      hint: "check this machine's limits on processes and memory (ulimit -a)",
      cause,
    });
  }
  return {
    input: child.stdin,
    output: child.stdout,
    kill: async () => {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // It has ended already.
        if (!(error instanceof TypeError)) throw error;
      }
      await child.status;
    },
  };
}

/** Rows are printed as they come, and so their widths are known beforehand. */
function rowOf({ title, verdict, found }: CheckResult): string {
  return formatTable([[title.padEnd("rename as a claim".length), verdict.padEnd("slow".length), found]]);
}

function conclusionOf({ queue = [], guarantee, reason }: ProbeReport): string {
  return [...queue.map((line) => `queue: ${line}`), `${GUARANTEES[guarantee]}: ${reason}`]
    .map((line) => `${plainText(line)}\n`).join("");
}

function toJson(path: string, report: ProbeReport): Record<string, unknown> {
  return {
    path,
    place: report.place,
    exists: report.exists,
    guarantee: report.guarantee,
    reason: report.reason,
    checks: report.results.map(({ name, verdict, found, values }) => ({ name, verdict, found, values })),
    queue: report.queue,
  };
}
