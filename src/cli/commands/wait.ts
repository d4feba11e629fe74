import { formatDuration } from "../../core/duration.ts";
import { UsageError } from "../../core/errors.ts";
import { EXIT, type ExitCode } from "../../core/exit_code.ts";
import { isFinished } from "../../core/job.ts";
import type { JobRecord, WaitResult } from "../../core/job_store.ts";
import type { RunCommand } from "../command.ts";
import { plural } from "../confirm.ts";
import { openNamedQueue } from "../context.ts";
import { Interruption } from "../interruption.ts";
import type { COMMON_FLAGS } from "../options.ts";
import { plainText } from "../plain_text.ts";
import { printJson } from "../print_lines.ts";
import type { WAIT_FLAGS } from "../record_options.ts";
import { recordToJson } from "../record_view.ts";
import { resolveJobs } from "../resolve_ids.ts";

/** Jobs that did not complete and are named, at most. */
const SHOWN = 5;

/** `jobq wait`. */
export const wait: RunCommand<typeof WAIT_FLAGS & typeof COMMON_FLAGS> = async (context, flags, words) => {
  const { io } = context;
  const { all, any, failFast, timeout } = flags;
  if (all !== (words.length === 0)) {
    throw new UsageError(
      `Cannot tell which jobs are meant: ${all ? "--all and ids were given" : "none were named"}`,
      { hint: "name their ids (jobq list shows them), or give --all" },
    );
  }
  if (all && any) {
    throw new UsageError("Cannot wait for any of all jobs: some may have finished long ago", {
      hint: "name the ids of those that are meant",
    });
  }
  await using queue = await openNamedQueue(context, flags, { create: false });
  const which = all ? "all" : await resolveJobs(queue, words);
  using interruption = new Interruption(io);
  const { signal } = interruption;
  const result = await queue.wait(which, { timeoutMs: timeout, any, failFast, signal });
  if (flags.json) await printJson(io.stdout, result.jobs, recordToJson);
  const gaveUp = result.reason === "timeout" ? `gave up after ${formatDuration(timeout ?? 0)}: ` : "";
  if (!flags.quiet) void io.stderr.write(plainText(gaveUp + summaryOf(result)) + "\n");
  return interruption.exitCode ?? exitCodeOf(result, any);
};

/** 0 only if what was waited for has completed. */
function exitCodeOf({ reason, jobs, notCompleted }: WaitResult, any: boolean): ExitCode {
  if (reason === "timeout") return EXIT.timedOut;
  const completed = any ? firstFinished(jobs)?.state === "completed" : notCompleted === 0;
  return completed ? EXIT.ok : EXIT.jobFailed;
}

/** Of several that finished in the same millisecond, one that completed. */
function firstFinished(jobs: readonly JobRecord[]): JobRecord | undefined {
  const rank = ({ state }: JobRecord) => state === "completed" ? 0 : 1;
  const [first] = jobs.filter(({ state }) => isFinished(state)).sort((a, b) =>
    (a.finishedAt ?? Infinity) - (b.finishedAt ?? Infinity) || rank(a) - rank(b)
  );
  return first;
}

/** What became of the jobs, in a line for people. */
function summaryOf({ completed, notCompleted, unfinished, jobs }: WaitResult): string {
  const others = jobs.filter(({ state }) => isFinished(state) && state !== "completed");
  const named = others.slice(0, SHOWN).map(({ id, state, failure }) =>
    `${id} ${state}${failure === undefined ? "" : ` (${failure.message})`}`
  );
  const failed = `${notCompleted} did not: ${named.join(", ")}${notCompleted > named.length ? ", …" : ""}`;
  return [
    `${plural(completed, "job")} completed`,
    ...notCompleted > 0 ? [failed] : [],
    ...unfinished > 0 ? [`${unfinished} not finished`] : [],
  ].join("; ");
}
