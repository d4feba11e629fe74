import type { RunCommand } from "../command.ts";
import { plural } from "../confirm.ts";
import { openNamedQueue } from "../context.ts";
import type { COMMON_FLAGS, JSON_OUTPUT } from "../options.ts";
import { refusal } from "../refused_jobs.ts";
import { resolveJobs } from "../resolve_ids.ts";

/** `jobq cancel`. */
export const cancel: RunCommand<typeof COMMON_FLAGS & { json: typeof JSON_OUTPUT }> = async (
  context,
  flags,
  words,
) => {
  const { io } = context;
  await using queue = await openNamedQueue(context, flags, { create: false });
  const { cancelled, stopping, children, refused } = await queue.cancel(await resolveJobs(queue, words));
  if (flags.json) await io.stdout.write(`${JSON.stringify({ cancelled, stopping, children, refused })}\n`);
  if (cancelled.length > 0) void io.stderr.write(`cancelled ${plural(cancelled.length, "job")}\n`);
  for (const id of stopping) void io.stderr.write(`job ${id} runs: asked its worker to stop it\n`);
  if (children > 0) void io.stderr.write(`cancelled ${plural(children, "job")} that waited for them\n`);
  if (refused.length > 0) throw refusal("cancel", refused, "jobq list shows the states of all jobs");
};
