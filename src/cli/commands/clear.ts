import { confirm, plural } from "../confirm.ts";
import type { RunCommand } from "../command.ts";
import { openNamedQueue } from "../context.ts";
import { waitingOf } from "../count_view.ts";
import type { COMMON_FLAGS, YES } from "../options.ts";

type ClearFlags = typeof COMMON_FLAGS & { yes: typeof YES };

/** `jobq clear`. */
export const clear: RunCommand<ClearFlags> = async (context, flags) => {
  const { io } = context;
  await using queue = await openNamedQueue(context, flags, { create: false });
  const counts = await queue.counts();
  const isTold = queue.capabilities.exactCounts;
  const waiting = isTold ? waitingOf(counts) : counts.unfinished;
  const action = isTold
    ? `Remove ${plural(waiting, "waiting job")} of ${queue.name}`
    : `Remove all waiting jobs of ${queue.name} (up to ${waiting})`;
  if (waiting > 0 && !await confirm(io, { yes: flags.yes, action })) {
    return void io.stderr.write("nothing was removed\n");
  }
  const removed = await queue.purge();
  void io.stderr.write(`removed ${plural(removed, "waiting job")}\n`);
  if (isTold || flags.quiet) return;
  const { unfinished: left, delayed } = await queue.counts();
  const stay = left === 1 ? "stays" : "stay";
  // Delayed ones that can be told from running ones were removed.
  const what = delayed === undefined ? "running, delayed or new" : "running or new";
  if (left > 0) void io.stderr.write(`${plural(left, "job")} ${stay}: ${what}\n`);
};
