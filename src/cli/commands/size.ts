import type { RunCommand } from "../command.ts";
import { openNamedQueue } from "../context.ts";
import { countsInOrder } from "../count_view.ts";
import type { COMMON_FLAGS, JSON_OUTPUT, STATES } from "../options.ts";
import { formatTable } from "../table.ts";

type SizeFlags = typeof COMMON_FLAGS & { states: typeof STATES; json: typeof JSON_OUTPUT };

/** `jobq size`. */
export const size: RunCommand<SizeFlags> = async (context, flags) => {
  await using queue = await openNamedQueue(context, flags, { create: false });
  const counts = await queue.counts();
  const all = countsInOrder(counts);
  const text = flags.json
    ? `${JSON.stringify(Object.fromEntries(all))}\n`
    : flags.states
    ? formatTable(all.map(([state, jobs]) => [state, String(jobs)]))
    : `${counts.unfinished}\n`;
  await context.io.stdout.write(text);
};
