import type { RunCommand } from "../command.ts";
import { openNamedQueue } from "../context.ts";
import type { COMMON_FLAGS, JSON_OUTPUT } from "../options.ts";
import { plainText } from "../plain_text.ts";
import { explain } from "../reason.ts";
import { resolveJobs } from "../resolve_ids.ts";

/** `jobq why`. */
export const why: RunCommand<typeof COMMON_FLAGS & { json: typeof JSON_OUTPUT }> = async (
  context,
  flags,
  words,
) => {
  const { io } = context;
  await using queue = await openNamedQueue(context, flags, { create: false });
  for (const id of await resolveJobs(queue, words)) {
    const { state, reason } = await explain(queue, id);
    const text = flags.json ? JSON.stringify({ id, state, reason }) : plainText(`${id} ${reason}`);
    await io.stdout.write(`${text}\n`);
  }
};
