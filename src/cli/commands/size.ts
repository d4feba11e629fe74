import { type Command, openLog, openNamedQueue } from "../context.ts";
import type { CommonFlags } from "../options.ts";
import { formatTable } from "../table.ts";

export interface SizeFlags extends CommonFlags {
  readonly states: boolean;
  readonly json: boolean;
}

/** `jobq size`. */
export const size: Command<SizeFlags> = async (context, flags) => {
  await using queue = await openNamedQueue(context, flags, { create: false, log: openLog(context, flags) });
  const counts = await queue.counts();
  const { ready, delayed, running } = counts;
  if (flags.json) await context.io.stdout.write(`${JSON.stringify(counts)}\n`);
  else if (flags.states) {
    const rows = Object.entries(counts).map(([state, jobs]) => [state, String(jobs)]);
    await context.io.stdout.write(formatTable(rows));
  } else await context.io.stdout.write(`${ready + delayed + running}\n`);
};
