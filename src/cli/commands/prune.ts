import type { FinishedState } from "../../core/job.ts";
import type { RunCommand } from "../command.ts";
import { confirm, plural } from "../confirm.ts";
import { openNamedQueue } from "../context.ts";
import type { COMMON_FLAGS } from "../options.ts";
import type { PRUNE_FLAGS } from "../record_options.ts";

type PruneFlags = typeof PRUNE_FLAGS & typeof COMMON_FLAGS;

const STATES: readonly FinishedState[] = ["completed", "cancelled", "failed", "timeout"];

/** `jobq prune`. */
export const prune: RunCommand<PruneFlags> = async (context, flags) => {
  const { io } = context;
  const named = STATES.filter((state) => flags[state]);
  const states: readonly FinishedState[] = named.length > 0 ? named : ["completed", "cancelled"];
  const which = { states, finishedBefore: flags.before };
  await using queue = await openNamedQueue(context, flags, { create: false });
  if (!flags.yes) {
    const { removed } = await queue.prune({ ...which, dryRun: true });
    const action = `Remove the records of ${plural(removed, "job")} (${states.join(", ")}) of ${queue.name}`;
    if (removed > 0 && !await confirm(io, { yes: false, action })) {
      return void io.stderr.write("nothing was removed\n");
    }
  }
  const { removed, needed } = await queue.prune(which);
  if (flags.json) await io.stdout.write(`${JSON.stringify({ removed, needed })}\n`);
  void io.stderr.write(`removed ${plural(removed, "job")}\n`);
  if (needed > 0) {
    const stay = needed === 1 ? "1 completed job stays" : `${needed} completed jobs stay`;
    void io.stderr.write(`${stay}, as jobs that are not completed may still need their results\n`);
  }
};
