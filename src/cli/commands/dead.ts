import { UsageError } from "../../core/errors.ts";
import type { DeadLetter, DeadLetterSelection, Queue } from "../../core/queue.ts";
import type { RunCommand } from "../command.ts";
import { confirm, plural } from "../confirm.ts";
import { openNamedQueue } from "../context.ts";
import { deadOf } from "../count_view.ts";
import type { Flag } from "../flag.ts";
import { failureToJson, jobToJson, taskText } from "../job_view.ts";
import type { ALL, COMMON_FLAGS, JSON_OUTPUT, YES } from "../options.ts";
import { printJson, printLines } from "../print_lines.ts";
import { findAmong, resolveIds } from "../resolve_ids.ts";
import { tableLines, widthOf } from "../table.ts";
import { age } from "../time_text.ts";

type ListFlags = typeof COMMON_FLAGS & { limit: Flag<number>; json: typeof JSON_OUTPUT };
type SelectFlags = typeof COMMON_FLAGS & { all: typeof ALL };
type PurgeFlags = SelectFlags & { yes: typeof YES };

/** `jobq dead list`. */
export const list: RunCommand<ListFlags> = async (context, flags) => {
  const { io } = context;
  await using queue = await openNamedQueue(context, flags, { create: false });
  const letters = await queue.deadLetters.list({ limit: flags.limit });
  if (flags.json) {
    const toJson = ({ job, failure }: DeadLetter) => ({ ...jobToJson(job), failure: failureToJson(failure) });
    return await printJson(io.stdout, letters, toJson);
  }
  if (letters.length === 0) return void io.stderr.write("there are no dead letters\n");
  const rows = letters.map(({ job, failure }) => [
    job.id,
    `${age(failure.at)} ago`,
    `${job.attempts}/${job.maxAttempts}`,
    failure.message,
    taskText(job),
  ]);
  const head = ["ID", "FAILED", "ATTEMPTS", "REASON", "JOB"];
  await printLines(io.stdout, tableLines([head, ...rows], widthOf(io)));
};

/** `jobq dead requeue`. */
export const requeue: RunCommand<SelectFlags> = async (context, flags, words) => {
  await using queue = await openNamedQueue(context, flags, { create: false });
  const { which } = await selectDead(queue, flags, words);
  const requeued = await queue.deadLetters.requeue(which);
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
  const { which, count } = await selectDead(queue, flags, words);
  const action = `Remove ${plural(count, "dead letter")} of ${queue.name} for good`;
  if (count > 0 && !await confirm(io, { yes: flags.yes, action })) {
    return void io.stderr.write("nothing was removed\n");
  }
  const purged = await queue.deadLetters.purge(which);
  void io.stderr.write(`removed ${plural(purged, "dead letter")}\n`);
};

/** The dead letters that are meant, and how many. */
async function selectDead(
  queue: Queue,
  { all }: { all: boolean },
  words: readonly string[],
): Promise<{ which: DeadLetterSelection; count: number }> {
  if (all !== (words.length === 0)) {
    throw new UsageError(
      `Cannot tell which dead letters are meant: ${all ? "--all and ids were given" : "none were named"}`,
      {
        hint: "name their ids (jobq dead list shows them), or give --all",
      },
    );
  }
  if (all) return { which: "all", count: deadOf(await queue.counts()) };
  const known = (await queue.deadLetters.list()).map(({ job }) => job.id);
  // Where equal jobs have equal ids, several may have one.
  const which = await resolveIds(words, findAmong([...new Set(known)]), {
    noun: "dead letter",
    hint: "jobq dead list shows them",
  });
  return { which, count: known.filter((id) => which.includes(id)).length };
}
