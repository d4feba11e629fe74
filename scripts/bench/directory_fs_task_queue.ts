import { type Durability, openQueue } from "@jobq/jobq";
import { commandLines, jobsOf } from "./commands.ts";
import { Agents } from "./directory_agents.ts";
import { fillDirectory } from "./directory_fill.ts";
import { notice } from "./directory_notice.ts";
import { interleave, secondsOf } from "./interleave.ts";
import { sibling } from "./processes.ts";
import type { Benchmark, Limit, Result } from "./result.ts";

const PACKAGE = "fs-task-queue";
const DEPTH = 10_000;
const AT_LEAST: Limit = { of: "ratio", at: "least", value: 20 };

const decoder = new TextDecoder();

/**
 * Pushes and claims beside fs-task-queue, which does neither locking by default nor fsync: its claim is what its worker
 * does for a job, from `dequeue()` on, for a function that does nothing.
 */
export const directoryBesidePython: Benchmark = async ({ quick, directory }) => {
  const python = await findPython(directory);
  if (python === undefined) return [];
  const theirs = `${directory}/theirs`;
  await Deno.mkdir(theirs);
  const ask = async (action: "push" | "claim" | "take", count: number) =>
    count /
    Number(await output([python, sibling("directory_fs_task_queue.py"), theirs, action, String(count)]));
  await ask("push", DEPTH);
  const jobs = quick ? 50 : 200;
  const results: Result[] = [];
  for (const durability of ["full", "normal"] satisfies Durability[]) {
    const path = `${directory}/${durability}`;
    await fillDirectory(path, DEPTH);
    await using queue = await openQueue(path, { durability });
    await using agents = await Agents.start({ path, durability, count: 1 });
    await agents.take(100);
    const push = async () => {
      for (const job of jobsOf(commandLines(jobs))) await queue.enqueue([job]);
    };
    const rates = await interleave(quick ? 3 : 9, {
      jobqPush: async () => jobs / await secondsOf(push),
      pythonPush: () => ask("push", jobs),
      jobqTake: async () => jobs / await secondsOf(() => agents.take(jobs)),
      pythonTake: () => ask("take", jobs),
      // As many again, so that the depth stays.
      refill: async () => await Promise.all([push(), ask("push", jobs)]).then(() => 0),
      jobqClaim: async () => jobs / await agents.claim(jobs),
      pythonClaim: () => ask("claim", jobs),
    });
    const line = (what: string, [value, baseline]: readonly [number, number], limit?: Limit): Result => ({
      what: `${what}, depth ${DEPTH / 1_000}k, durability ${durability}; baseline: ${PACKAGE}`,
      figure: { value, unit: "jobs/s" },
      baseline: { value: baseline, unit: "jobs/s" },
      limit,
    });
    results.push(
      line("push of one job", [rates.jobqPush, rates.pythonPush]),
      line("claim alone", [rates.jobqClaim, rates.pythonClaim], AT_LEAST),
      line("claim and ack", [rates.jobqTake, rates.pythonTake]),
    );
  }
  return results;
};

/** A Python that has the package: `$FS_TASK_QUEUE_PYTHON`, or one of its own, made here. */
async function findPython(directory: string): Promise<string | undefined> {
  const known = Deno.env.get("FS_TASK_QUEUE_PYTHON");
  if (known !== undefined) return known;
  const environment = `${directory}/python`;
  try {
    await output(["python3", "-m", "venv", environment]);
    await output([`${environment}/bin/python`, "-m", "pip", "install", "--quiet", PACKAGE]);
    return `${environment}/bin/python`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await notice(`${PACKAGE} was NOT measured, since it could not be installed: ${reason}`);
    return undefined;
  }
}

async function output([program = "", ...args]: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(decoder.decode(stderr).trim().slice(-500));
  return decoder.decode(stdout);
}
