import { UsageError } from "../../core/errors.ts";
import type { RunCommand } from "../command.ts";
import { openNamedQueue } from "../context.ts";
import type { COMMON_FLAGS } from "../options.ts";
import type { STATUS_FLAGS } from "../record_options.ts";
import { detailsToJson } from "../record_view.ts";
import { resolveJobs } from "../resolve_ids.ts";
import { formatStatus } from "../status_view.ts";
import { widthOf } from "../table.ts";

/** `jobq status`. */
export const status: RunCommand<typeof STATUS_FLAGS & typeof COMMON_FLAGS> = async (
  context,
  flags,
  words,
) => {
  const { io } = context;
  const { showEnv } = flags;
  await using queue = await openNamedQueue(context, flags, { create: false });
  for (const [index, id] of (await resolveJobs(queue, words)).entries()) {
    const details = await queue.get(id);
    if (details === undefined) throw new UsageError(`Cannot show "${id}": it was removed just now`);
    const text = flags.json
      ? `${JSON.stringify(detailsToJson(details, { showEnv }))}\n`
      : formatStatus(details, { showEnv, now: Date.now(), width: widthOf(io) });
    await io.stdout.write(index > 0 && !flags.json ? `\n${text}` : text);
  }
};
