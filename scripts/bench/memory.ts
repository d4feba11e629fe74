import { openQueue } from "@jobq/jobq";
import { commandLines, jobsOf } from "./commands.ts";
import { peakBytes } from "./process_status.ts";
import { denoRun, finished, jobq, start, type StartOptions } from "./processes.ts";
import type { Benchmark, Limit, Result } from "./result.ts";

const PUSH_LIMIT: Limit = { of: "figure", at: "most", value: 150 };

/** Peak resident memory of workers and of a large push, beside a Deno process that only waits. */
export const memory: Benchmark = async ({ quick, directory }) => {
  const [jobs, megabytes, lines] = quick ? [100, 100, 100_000] : [1_000, 1_000, 1_000_000];
  const waiting = `${directory}/wait.ts`;
  await Deno.writeTextFile(waiting, "await new Promise((resolve) => setTimeout(resolve, 500));");
  const baseline = await peakOf(denoRun(waiting));
  const line = (what: string, figure: Result["figure"], limit?: Limit): Result => ({
    what: `${what}; baseline: a waiting Deno process`,
    figure,
    baseline,
    limit,
  });

  const many = Array.from({ length: jobs }, () => "true");
  const loud = [`head -c ${megabytes}000000 /dev/zero`];
  const input = `${directory}/lines.txt`;
  await writeLines(input, lines);
  const size = lines >= 1_000_000 ? `${lines / 1_000_000}M` : `${lines / 1_000}k`;
  const push = jobq("push", "-q", `${directory}/push.db`);
  return [
    line(`worker, ${jobs} jobs "true"`, await peakOfWorker(`${directory}/many.db`, many)),
    line(`worker, a job that prints ${megabytes} MB`, await peakOfWorker(`${directory}/loud.db`, loud)),
    line(`push of ${size} lines`, await peakOf(push, { input }), quick ? undefined : PUSH_LIMIT),
  ];
};

async function peakOfWorker(path: string, commands: readonly string[]): Promise<Result["figure"]> {
  {
    await using queue = await openQueue(path);
    await queue.enqueue(jobsOf(commands));
  }
  return await peakOf(jobq("worker", "--quiet", "-q", path));
}

async function peakOf(words: readonly string[], options?: StartOptions): Promise<Result["figure"]> {
  const child = start(words, options);
  const [bytes] = await Promise.all([peakBytes(child), finished(child)]);
  return { value: bytes / 1e6, unit: "MB" };
}

/** Writes piece by piece: this process need not be large itself. */
async function writeLines(path: string, count: number): Promise<void> {
  const piece = commandLines(10_000).map((command) => `${command}\n`).join("");
  for (let written = 0; written < count; written += 10_000) {
    await Deno.writeTextFile(path, piece, { append: true });
  }
}
