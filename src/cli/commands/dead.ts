import type { JobId } from "../../core/job.ts";
import { UsageError } from "../../core/errors.ts";
import type { DeadLetterSelection, Queue } from "../../core/queue.ts";
import { confirm, plural } from "../confirm.ts";
import type { RunCommand } from "../command.ts";
import { openNamedQueue } from "../context.ts";
import type { Flag } from "../flag.ts";
import { age, failureToJson, jobToJson, taskText } from "../job_view.ts";
import type { ALL, COMMON_FLAGS, JSON_OUTPUT, YES } from "../options.ts";
import { selectIds } from "../select_ids.ts";
import { formatTable, widthOf } from "../table.ts";

type ListFlags = typeof COMMON_FLAGS & { limit: Flag<number>; json: typeof JSON_OUTPUT };
type SelectFlags = typeof COMMON_FLAGS & { all: typeof ALL };
type PurgeFlags = SelectFlags & { yes: typeof YES };

/** `jobq dead list`. */
export const list: RunCommand<ListFlags> = async (context, flags) => {
  const { io } = context;
  await using queue = await openNamedQueue(context, flags, { create: false });
  const letters = await queue.deadLetters.list({ limit: flags.limit });
  if (flags.json) {
    const lines = letters.map(({ job, failure }) =>
      JSON.stringify({ ...jobToJson(job), failure: failureToJson(failure) })
    );
    return await io.stdout.write(lines.map((line) => `${line}\n`).join(""));
  }
  if (letters.length === 0) return void io.stderr.write("there are no dead letters\n");
  const rows = letters.map(({ job, failure }) => [
    job.id,
    `${age(failure.at)} ago`,
    `${job.attempts}/${job.maxAttempts}`,
    failure.message,
    taskText(job),
  ]);
  await io.stdout.write(formatTable([["ID", "FAILED", "ATTEMPTS", "REASON", "JOB"], ...rows], widthOf(io)));
};

/** `jobq dead requeue`. */
export const requeue: RunCommand<SelectFlags> = async (context, flags, words) => {
  await using queue = await openNamedQueue(context, flags, { create: false });
  const requeued = await queue.deadLetters.requeue(await selectDead(queue, flags, words));
  void context.io.stderr.write(`requeued ${plural(requeued, "job")}\n`);
};

/** `jobq dead purge`. */
export const purge: RunCommand<PurgeFlags> = async (
  context,
  flags,
  words,
) => {
  const { io } = context;
  await using queue = await openNamedQueue(context, flags, { create: false });
  const which = await selectDead(queue, flags, words);
  const count = which === "all" ? (await queue.counts()).failed : which.length;
  const action = `Remove ${plural(count, "dead letter")} of ${queue.name} for good`;
  if (count > 0 && !await confirm(io, { yes: flags.yes, action })) {
    return void io.stderr.write("nothing was removed\n");
  }
  const purged = await queue.deadLetters.purge(which);
  void io.stderr.write(`removed ${plural(purged, "dead letter")}\n`);
};

async function selectDead(
  queue: Queue,
  { all }: { all: boolean },
  words: readonly string[],
): Promise<DeadLetterSelection> {
  if (all !== (words.length === 0)) {
    throw new UsageError(
      `Cannot tell which dead letters are meant: ${all ? "--all and ids were given" : "none were named"}`,
      {
        hint: "name their ids (jobq dead list shows them), or give --all",
      },
    );
  }
  if (all) return "all";
  const known: JobId[] = (await queue.deadLetters.list()).map(({ job }) => job.id);
  return selectIds(words, known, "dead letter");
}
