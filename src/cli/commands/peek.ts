import { formatDuration } from "../../core/duration.ts";
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
  const jobs = await queue.peek(flags.limit);
  if (flags.json) {
    return await printJson(io.stdout, jobs, jobToJson);
  }
  if (jobs.length === 0) return void io.stderr.write("no jobs are waiting\n");
  const now = Date.now();
  const rows = jobs.map((job) => {
    const delayMs = (job.visibleAt ?? now) - now;
    return [
      job.id,
      String(job.priority),
      age(job.createdAt, now),
      delayMs > 0 ? `in ${formatDuration(delayMs)}` : "now",
      `${job.attempts + 1}/${job.maxAttempts}`,
      taskText(job),
    ];
  });
  const head = ["ID", "PRIO", "AGE", "DUE", "ATTEMPT", "JOB"];
  await printLines(io.stdout, tableLines([head, ...rows], widthOf(io)));
};
