import { formatDuration } from "../../core/duration.ts";
import type { RunCommand } from "../command.ts";
import { openNamedQueue } from "../context.ts";
import type { Flag } from "../flag.ts";
import { age, jobToJson, taskText } from "../job_view.ts";
import type { COMMON_FLAGS, JSON_OUTPUT } from "../options.ts";
import { formatTable, widthOf } from "../table.ts";

type PeekFlags = typeof COMMON_FLAGS & { limit: Flag<number>; json: typeof JSON_OUTPUT };

/** `jobq peek`. */
export const peek: RunCommand<PeekFlags> = async (context, flags) => {
  const { io } = context;
  await using queue = await openNamedQueue(context, flags, { create: false });
  const jobs = await queue.peek(flags.limit);
  if (flags.json) {
    return await io.stdout.write(jobs.map((job) => `${JSON.stringify(jobToJson(job))}\n`).join(""));
  }
  if (jobs.length === 0) return void io.stderr.write("no jobs are waiting\n");
  const now = Date.now();
  const rows = jobs.map((job) => {
    const delayMs = (job.visibleAt ?? now) - now;
    return [
      job.id,
      age(job.createdAt, now),
      delayMs > 0 ? `in ${formatDuration(delayMs)}` : "now",
      `${job.attempts + 1}/${job.maxAttempts}`,
      taskText(job),
    ];
  });
  await io.stdout.write(formatTable([["ID", "AGE", "DUE", "ATTEMPT", "JOB"], ...rows], widthOf(io)));
};
