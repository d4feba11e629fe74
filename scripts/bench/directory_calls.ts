import { type CallCounts, canTrace, changesOf, countByMark, STRACE } from "./directory_trace.ts";
import { median } from "./interleave.ts";
import { denoRun, run, sibling } from "./processes.ts";
import type { Benchmark, Result } from "./result.ts";

interface Change {
  readonly name: string;
  /** State changes of jobs that it consists of. Default 1. */
  readonly changes?: number;
  /** Whether it is one of a plain job, for which there is a limit. */
  readonly isLimited: boolean;
}

const CHANGES: readonly Change[] = [
  { name: "push of one job", isLimited: true },
  { name: "push of 1,000 jobs", changes: 1_000, isLimited: true },
  { name: "claim", isLimited: true },
  { name: "ack", isLimited: true },
  { name: "retry", isLimited: true },
  { name: "retry in 30 s", isLimited: true },
  { name: "release", isLimited: true },
  { name: "dead-letter", isLimited: true },
  // The job is given back, and leased.
  { name: "take-over of an ended lease", changes: 2, isLimited: true },
  { name: "cancel of a waiting job", isLimited: true },
  { name: "renewal of 16 leases", isLimited: true },
  { name: "heartbeat", isLimited: false },
];

/** The system calls on the queue's files that each change of a job takes, as strace sees them. */
export const directoryCalls: Benchmark = async ({ quick, directory }) => {
  if (!await canTrace()) return [];
  const path = `${directory}/queue`;
  const trace = `${directory}/trace`;
  const child = denoRun(sibling("directory_calls_child.ts"), path, quick ? "10" : "200");
  await run([...STRACE, "-o", trace, ...child]);
  const counts = countByMark(await Deno.readTextFile(trace), path);
  return CHANGES.map((change): Result => ({
    what: describe(change, counts.get(change.name) ?? []),
    figure: { value: perChange(change, counts.get(change.name) ?? [], median), unit: "calls" },
    limit: change.isLimited ? { of: "figure", at: "most", value: 4 } : undefined,
  }));
};

function perChange(
  { changes = 1 }: Change,
  counts: readonly CallCounts[],
  summary: (values: readonly number[]) => number,
): number {
  return summary(counts.map(changesOf)) / changes;
}

/** Which calls, on the average; those that only look, or see to it that the disk has it, apart. */
function describe(change: Change, counts: readonly CallCounts[]): string {
  const { name, changes = 1 } = change;
  const perOne = (total: number) => formatCount(total / counts.length / changes);
  const kinds = new Map<string, number>();
  for (const one of counts) {
    for (const [kind, count] of one.changes) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  }
  const calls = Array.from(kinds, ([kind, count]) => `${perOne(count)} ${kind}`).join(", ");
  const sum = (of: (one: CallCounts) => number) => counts.reduce((total, one) => total + of(one), 0);
  const most = formatCount(perChange(change, counts, (values) => Math.max(...values)));
  return `${name}${changes > 1 ? `, each of ${changes.toLocaleString("en-US")} changes` : ""}: ` +
    `mean ${calls}; most ${most}; besides ${perOne(sum((one) => one.syncs))} fsync, ` +
    `${perOne(sum((one) => one.looks))} that look; median`;
}

const formatCount = (count: number) => count.toLocaleString("en-US", { maximumFractionDigits: 2 });
