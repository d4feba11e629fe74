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
  const waiting = waitingOf(await queue.counts());
  const action = `Remove ${plural(waiting, "waiting job")} of ${queue.name}`;
  if (waiting > 0 && !await confirm(io, { yes: flags.yes, action })) {
    return void io.stderr.write("nothing was removed\n");
  }
  const removed = await queue.purge();
  void io.stderr.write(`removed ${plural(removed, "waiting job")}\n`);
};
