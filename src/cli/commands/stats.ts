import { formatDuration } from "../../core/duration.ts";
import type { Stats } from "../../core/job_store.ts";
import type { RunCommand } from "../command.ts";
import { plural } from "../confirm.ts";
import { openNamedQueue } from "../context.ts";
import { countsInOrder } from "../count_view.ts";
import type { COMMON_FLAGS, JSON_OUTPUT } from "../options.ts";
import { formatTable } from "../table.ts";
import { age, isoTime } from "../time_text.ts";

/** `jobq stats`. */
export const stats: RunCommand<typeof COMMON_FLAGS & { json: typeof JSON_OUTPUT }> = async (
  context,
  flags,
) => {
  const { io } = context;
  await using queue = await openNamedQueue(context, flags, { create: false });
  const now = Date.now();
  const all = await queue.stats();
  await io.stdout.write(flags.json ? `${JSON.stringify(statsToJson(all))}\n` : formatStats(all, now));
};

/** Statistics as `--json` prints them. */
export function statsToJson(all: Stats): Record<string, unknown> {
  const { counts, total, lastHour, duration, oldestPendingAt, etaMs } = all;
  const shares = countsInOrder(counts).map(([state, jobs]) => [state, share(jobs, total)]);
  return {
    counts: Object.fromEntries(countsInOrder(counts)),
    percent: Object.fromEntries(shares),
    total,
    last_hour: lastHour,
    duration: duration &&
      { median_ms: duration.medianMs, p95_ms: duration.p95Ms, jobs: duration.jobs },
    oldest_pending_at: isoTime(oldestPendingAt),
    eta_ms: etaMs,
  };
}

/** Statistics for people. */
export function formatStats(all: Stats, now: number): string {
  const { counts, total, lastHour, duration, oldestPendingAt, etaMs } = all;
  const rows = [
    ...countsInOrder(counts).map(([state, jobs]) =>
      [state, jobs, `${share(jobs, total).toFixed(1)}%`] as const
    ),
    ["total", total, ""] as const,
  ];
  const digits = Math.max(...rows.map(([, jobs]) => String(jobs).length));
  const table = rows.map((
    [state, jobs, percent],
  ) => [state, String(jobs).padStart(digits), percent.padStart(6)]);
  const { completed, failed } = lastHour;
  return formatTable(table) + "\n" + formatTable([
    ["last hour", `${completed} completed (${(completed / 60).toFixed(1)} a minute), ${failed} failed`],
    [
      "duration",
      duration === undefined
        ? "no job has completed yet"
        : `median ${formatDuration(duration.medianMs)}, 95% within ${
          formatDuration(duration.p95Ms)
        } (of the last ${plural(duration.jobs, "completed job")})`,
    ],
    [
      "oldest",
      oldestPendingAt === undefined ? "no job is pending" : `pending for ${age(oldestPendingAt, now)}`,
    ],
    ["done in", etaText(all, etaMs)],
  ]);
}

function etaText({ counts }: Stats, etaMs: number | undefined): string {
  if (counts.unfinished === 0) return "nothing is left to do";
  return etaMs === undefined
    ? "unknown: no job was completed in the last hour"
    : `about ${formatDuration(etaMs)}, at the pace of the last hour`;
}

/** Percent, to a tenth. */
function share(jobs: number, total: number): number {
  return total === 0 ? 0 : Math.round(jobs / total * 1_000) / 10;
}
