import type { RunCommand } from "../command.ts";
import { openNamedQueue } from "../context.ts";
import type { COMMON_FLAGS, JSON_OUTPUT, STATES } from "../options.ts";
import { formatTable } from "../table.ts";

type SizeFlags = typeof COMMON_FLAGS & { states: typeof STATES; json: typeof JSON_OUTPUT };

/** `jobq size`. */
export const size: RunCommand<SizeFlags> = async (context, flags) => {
  await using queue = await openNamedQueue(context, flags, { create: false });
  const counts = await queue.counts();
  const { ready, delayed, running } = counts;
  if (flags.json) await context.io.stdout.write(`${JSON.stringify(counts)}\n`);
  else if (flags.states) {
    const rows = Object.entries(counts).map(([state, jobs]) => [state, String(jobs)]);
    await context.io.stdout.write(formatTable(rows));
  } else await context.io.stdout.write(`${ready + delayed + running}\n`);
};
