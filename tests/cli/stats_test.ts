import { formatStats, statsToJson } from "../../src/cli/commands/stats.ts";
import type { Stats } from "../../src/core/job_store.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

const NOW = 1_700_000_000_000;
const STATS: Stats = {
  counts: {
    unfinished: 4,
    blocked: 1,
    ready: 2,
    delayed: 0,
    running: 1,
    completed: 120,
    failed: 3,
    timeout: 0,
    cancelled: 1,
  },
  total: 128,
  lastHour: { completed: 90, failed: 2 },
  duration: { medianMs: 1_500, p95Ms: 61_000, jobs: 120 },
  oldestPendingAt: NOW - 300_000,
  etaMs: 160_000,
};

test("formatStats() lays out counts with their shares, and how fast jobs are done", () => {
  assertEquals(
    formatStats(STATS, NOW),
    `blocked      1    0.8%
ready        2    1.6%
delayed      0    0.0%
running      1    0.8%
completed  120   93.8%
failed       3    2.3%
timeout      0    0.0%
cancelled    1    0.8%
total      128

last hour  90 completed (1.5 a minute), 2 failed
duration   median 1.5s, 95% within 1m1s (of the last 120 completed jobs)
oldest     pending for 5m
done in    about 2m40s, at the pace of the last hour
`,
  );
});

test("formatStats() says what is not known", () => {
  const text = formatStats(
    { ...STATS, duration: undefined, oldestPendingAt: undefined, etaMs: undefined },
    NOW,
  );
  assertMatch(text, /\nduration {3}no job has completed yet\noldest {5}no job is pending\n/);
  assertMatch(text, /\ndone in {4}unknown: no job was completed in the last hour\n$/);
});

test("formatStats() of a queue that is done says so", () => {
  const counts = { ...STATS.counts, unfinished: 0, blocked: 0, ready: 0, running: 0 };
  assertMatch(formatStats({ ...STATS, counts }, NOW), /\ndone in {4}nothing is left to do\n$/);
});

test("statsToJson() has everything in numbers", () => {
  const { percent, ...rest } = statsToJson(STATS) as Record<string, Record<string, number>>;
  const { unfinished: _, ...stateCounts } = STATS.counts;
  assertEquals(rest as unknown, {
    counts: stateCounts,
    total: 128,
    last_hour: { completed: 90, failed: 2 },
    duration: { median_ms: 1_500, p95_ms: 61_000, jobs: 120 },
    oldest_pending_at: new Date(NOW - 300_000).toISOString(),
    eta_ms: 160_000,
  });
  assertEquals([percent?.completed, percent?.delayed], [93.8, 0]);
});

test("stats of a real queue counts what is there", async () => {
  await using queue = await QueueFile.make();
  await queue.dead("a");
  await queue.pushed("b", "c", "d");
  await queue.look(async (handle) => (await handle.lease({ leaseMs: 60_000, waitMs: 0 }))?.ack());
  const { code, stdout, stderr } = await queue.process(["stats"]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^ready +2 +50\.0%$/m);
  assertMatch(stdout, /^total +4$/m);
  const json = JSON.parse((await queue.jobq(["stats", "--json"])).stdout);
  assertEquals([json.total, json.counts.ready, json.counts.completed, json.counts.failed], [4, 2, 1, 1]);
  assertEquals([json.last_hour, json.duration.jobs], [{ completed: 1, failed: 1 }, 1]);
});

test("stats of an empty queue divides nothing by nothing", async () => {
  await using queue = await QueueFile.with();
  const { percent, total } = JSON.parse((await queue.jobq(["stats", "--json"])).stdout);
  assertEquals([percent.ready, total], [0, 0]);
});
