import { UnsupportedError, UsageError } from "../../core/errors.ts";
import { isFinished } from "../../core/job.ts";
import type { RunCommand } from "../command.ts";
import { plural } from "../confirm.ts";
import { openNamedQueue } from "../context.ts";
import { followJob } from "../follow_job.ts";
import { Interruption } from "../interruption.ts";
import { LogCopy } from "../log_copy.ts";
import type { COMMON_FLAGS } from "../options.ts";
import type { LOGS_FLAGS } from "../record_options.ts";
import { resolveJob } from "../resolve_ids.ts";

/** `jobq logs`. */
export const logs: RunCommand<typeof LOGS_FLAGS & typeof COMMON_FLAGS> = async (
  context,
  flags,
  [word = ""],
) => {
  const { io: { stdout, stderr } } = context;
  const { follow, attempt } = flags;
  const say = (text: string) => void (flags.quiet || stderr.write(`${text}\n`));
  await using queue = await openNamedQueue(context, flags, { create: false });
  if (queue.logs === undefined) {
    throw new UnsupportedError(`Cannot show logs of "${queue.name}": it keeps none`, {
      hint: "a worker prints what its jobs print; a queue in an SQLite file keeps it, for example -q jobs.db",
    });
  }
  const id = await resolveJob(queue, word);
  const job = await queue.get(id);
  if (job === undefined) throw new UsageError(`Cannot show logs of "${id}": it was removed just now`);
  const { executions } = job;
  const isOver = isFinished(job.state);
  if (attempt !== undefined && attempt > executions && (isOver || !follow)) {
    throw new UsageError(`Cannot show execution ${attempt} of ${id}: there ${were(executions)} so far`, {
      hint: `jobq status ${id} lists them`,
    });
  }
  if (executions === 0) say(`${id} ${isOver ? "was never started" : "has not started yet"}`);
  const execution = attempt ?? Math.max(executions, 1);
  if (!follow) {
    if (executions === 0) return;
    const log = new LogCopy(queue, { id, execution }, stdout);
    await log.next();
    if (!await log.end(say)) say(`execution ${execution} of ${id} has printed nothing`);
    return;
  }
  using interruption = new Interruption(context.io);
  await followJob(queue, id, {
    stdout,
    first: execution,
    last: attempt,
    isEnough: () => interruption.signal.aborted || stdout.closed,
    onExecution: (number) => number > execution && say(`execution ${number} of ${id}:`),
    onProblem: say,
  });
  return interruption.exitCode;
};

function were(executions: number): string {
  return `${executions === 1 ? "was" : "were"} ${plural(executions, "execution")}`;
}
