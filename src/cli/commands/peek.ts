import { formatDuration } from "../../core/duration.ts";
import type { Job } from "../../core/job.ts";
import type { Capabilities } from "../../core/queue.ts";
import type { RunCommand } from "../command.ts";
import { openNamedQueue } from "../context.ts";
import type { Flag } from "../flag.ts";
import { jobToJson, taskText } from "../job_view.ts";
import type { COMMON_FLAGS, JSON_OUTPUT } from "../options.ts";
import { printJson, printLines } from "../print_lines.ts";
import { tableLines, widthOf } from "../table.ts";
import { age } from "../time_text.ts";

type PeekFlags = typeof COMMON_FLAGS & { limit: Flag<number>; json: typeof JSON_OUTPUT };

/** `jobq peek`. */
export const peek: RunCommand<PeekFlags> = async (context, flags) => {
  const { io } = context;
  await using queue = await openNamedQueue(context, flags, { create: false });
  const { maxPeek } = queue.capabilities;
  const jobs = await queue.peek(flags.limit);
  if (flags.json) await printJson(io.stdout, jobs, jobToJson);
  else if (jobs.length === 0) return void io.stderr.write("no jobs are waiting\n");
  else await printLines(io.stdout, tableLines(tableOf(jobs, queue.capabilities), widthOf(io)));
  if (flags.limit > maxPeek && jobs.length === maxPeek && !flags.quiet) {
    void io.stderr.write(`there may be more: ${queue.name} shows no more than ${maxPeek}\n`);
  }
};

/** Without the columns that would be the same for every job of such a queue. */
function tableOf(
  jobs: readonly Job[],
  { priorities, exactCounts }: Capabilities,
): readonly (readonly string[])[] {
  const now = Date.now();
  const due = ({ visibleAt = now }: Job) => visibleAt > now ? `in ${formatDuration(visibleAt - now)}` : "now";
  const columns: readonly (readonly [head: string, text: (job: Job) => string])[] = [
    ["ID", ({ id }) => id],
    ...priorities ? [["PRIO", ({ priority }: Job) => String(priority)] as const] : [],
    ["AGE", ({ createdAt }) => age(createdAt, now)],
    // Where the states are not told apart, jobs that are not due may not be shown at all.
    ...exactCounts || jobs.some(({ visibleAt = now }) => visibleAt > now) ? [["DUE", due] as const] : [],
    ["ATTEMPT", ({ attempts, maxAttempts }) => `${attempts + 1}/${maxAttempts}`],
    ["JOB", taskText],
  ];
  return [columns.map(([head]) => head), ...jobs.map((job) => columns.map(([, text]) => text(job)))];
}
