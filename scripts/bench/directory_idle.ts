import { type CallCounts, canTrace, changesOf, countAll, STRACE } from "./directory_trace.ts";
import { cpuMs } from "./process_status.ts";
import { jobq, start } from "./processes.ts";
import type { Benchmark, Result } from "./result.ts";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** How long a new worker is left alone, in ms. */
const SETTLE_MS = 3_000;

interface Idleness {
  readonly bytes: number;
  readonly cpuShare: number;
  readonly calls: CallCounts | undefined;
}

/** What a worker uses that waits at an empty queue in a directory, beside one that waits at an SQLite file. */
export const directoryIdle: Benchmark = async ({ quick, directory }) => {
  const spanMs = quick ? 6_000 : 60_000;
  const isTraced = await canTrace();
  const options = { spanMs, isTraced, directory };
  const [ours, sqlite] = await Promise.all([
    measure(`${directory}/queue`, options),
    measure(`${directory}/jobs.db`, options),
  ]);
  const line = (what: string, unit: string, of: (one: Idleness) => number): Result => ({
    what: `worker at an empty directory: ${what}; baseline: at an SQLite file`,
    figure: { value: of(ours), unit },
    // There is no ratio to nothing.
    baseline: of(sqlite) > 0 ? { value: of(sqlite), unit } : undefined,
  });
  const perSecond = (count: number | undefined) => (count ?? NaN) * 1_000 / spanMs;
  const results = [
    line("memory (RSS)", "MB", ({ bytes }) => bytes / 1e6),
    line("CPU, of one core", "%", ({ cpuShare }) => 100 * cpuShare),
  ];
  if (!isTraced) return results;
  return [
    ...results,
    line("calls that look at files", "calls/s", ({ calls }) => perSecond(calls?.looks)),
    line("calls that change files", "calls/min", ({ calls }) => 60 * perSecond(calls && changesOf(calls))),
  ];
};

async function measure(
  path: string,
  { spanMs, isTraced, directory }: { spanMs: number; isTraced: boolean; directory: string },
): Promise<Idleness> {
  const worker = start(jobq(path, "worker", "--quiet", "--idle-timeout", "forever"));
  try {
    await sleep(SETTLE_MS);
    const before = await cpuMs(worker.pid);
    const begun = performance.now();
    await sleep(spanMs);
    const cpuShare = (await cpuMs(worker.pid) - before) / (performance.now() - begun);
    const status = await Deno.readTextFile(`/proc/${worker.pid}/status`);
    const bytes = Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]) * 1024;
    const trace = await Deno.makeTempFile({ dir: directory });
    const calls = isTraced ? await traced(worker.pid, { path, trace, spanMs }) : undefined;
    return { bytes, cpuShare, calls };
  } finally {
    worker.kill("SIGTERM");
    await Promise.all([worker.status, worker.stderr.cancel()]);
  }
}

/** Watches a running process for a while. */
async function traced(
  pid: number,
  { path, trace, spanMs }: { path: string; trace: string; spanMs: number },
): Promise<CallCounts> {
  const strace = start([...STRACE, "-o", trace, "-p", String(pid)]);
  await sleep(spanMs);
  strace.kill("SIGINT");
  await Promise.all([strace.status, strace.stderr.cancel()]);
  return countAll(await Deno.readTextFile(trace), path);
}
