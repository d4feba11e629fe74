import { confirm, plural } from "../confirm.ts";
import { type Command, openLog, openNamedQueue } from "../context.ts";
import type { CommonFlags } from "../options.ts";

export interface ClearFlags extends CommonFlags {
  readonly yes: boolean;
}

/** `jobq clear`. */
export const clear: Command<ClearFlags> = async (context, flags) => {
  const { io } = context;
  await using queue = await openNamedQueue(context, flags, { create: false, log: openLog(context, flags) });
  const { ready, delayed } = await queue.counts();
  const action = `Remove ${plural(ready + delayed, "waiting job")} of ${queue.name}`;
  if (ready + delayed > 0 && !await confirm(io, { yes: flags.yes, action })) {
    return void io.stderr.write("nothing was removed\n");
  }
  const removed = await queue.purge();
  void io.stderr.write(`removed ${plural(removed, "waiting job")}\n`);
};
