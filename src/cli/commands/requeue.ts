import { UsageError } from "../../core/errors.ts";
import type { RequeueableState, RequeueSelection } from "../../core/job_store.ts";
import type { RunCommand } from "../command.ts";
import { plural } from "../confirm.ts";
import { openNamedQueue } from "../context.ts";
import type { COMMON_FLAGS } from "../options.ts";
import type { REQUEUE_FLAGS } from "../record_options.ts";
import { refusal, refusalNote } from "../refused_jobs.ts";
import { resolveJobs } from "../resolve_ids.ts";

type RequeueFlags = typeof REQUEUE_FLAGS & typeof COMMON_FLAGS;

const STATES: readonly RequeueableState[] = ["failed", "timeout", "cancelled"];

/** `jobq requeue`. */
export const requeue: RunCommand<RequeueFlags> = async (context, flags, words) => {
  const { io } = context;
  const states = STATES.filter((state) => flags[state]);
  if ((states.length > 0) === (words.length > 0)) {
    throw new UsageError(
      `Cannot tell which jobs are meant: ${
        states.length > 0 ? "both ids and states were given" : "none were named"
      }`,
      { hint: "name their ids (jobq list shows them), or give --failed, --timeout or --cancelled" },
    );
  }
  await using queue = await openNamedQueue(context, flags, { create: false });
  const which: RequeueSelection = states.length > 0 ? { states } : await resolveJobs(queue, words);
  const { requeued, children, refused } = await queue.requeue(which);
  if (flags.json) await io.stdout.write(`${JSON.stringify({ requeued, children, refused })}\n`);
  void io.stderr.write(`requeued ${plural(requeued, "job")}\n`);
  if (children > 0) {
    const who = children === 1 ? "1 job that was" : `${children} jobs that were`;
    void io.stderr.write(`${who} cancelled because of them will run after them again\n`);
  }
  if (refused.length === 0) return;
  if (states.length > 0) return void io.stderr.write(refusalNote(refused));
  throw refusal("requeue", refused, "jobs that failed, ran out of time or were cancelled can be requeued");
};
