import { reasonOf, type Surroundings } from "../../src/cli/reason.ts";
import { localTime } from "../../src/cli/time_text.ts";
import type { JobDetails, ParentRecord } from "../../src/core/job_store.ts";
import type { WorkerInfo } from "../../src/core/workers.ts";
import { assertEquals } from "../support/assert.ts";
import { jobDetails } from "../support/job_details.ts";
import { FAILURE } from "../support/jobs.ts";
import { test } from "../support/testing.ts";

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;

const reason = (job: Partial<JobDetails>, around: Partial<Surroundings> = {}) =>
  reasonOf(jobDetails(job, NOW), { now: NOW, workers: [], ...around });

const parent = (id: string, more: Partial<ParentRecord> = {}): ParentRecord => ({
  id,
  when: "ok",
  state: "running",
  isSatisfied: false,
  ...more,
});

const worker = (more: Partial<WorkerInfo> = {}): WorkerInfo => ({
  id: "w1",
  host: "node7",
  pid: 42,
  slots: 2,
  startedAt: NOW,
  beatAt: NOW,
  jobs: [],
  ...more,
});

/** As a reason writes an instant. */
const at = (ms: number, distance: string) => `${localTime(ms)} (${distance})`;

test("a blocked job waits for its parents that are not what it needs yet", () => {
  const parents = [parent("1-a", { isSatisfied: true, state: "completed" }), parent("2-b")];
  assertEquals(reason({ state: "blocked", parents }), "waits for 2-b (running) to complete");
});

test("a blocked job names three of many parents", () => {
  const parents = ["1", "2", "3", "4", "5"].map((id) => parent(id, { when: "any", state: "pending" }));
  assertEquals(
    reason({ state: "blocked", parents }),
    "waits for 1 (pending), 2 (pending), 3 (pending) and 2 more to finish",
  );
});

test("a blocked job may wait for a failure, and for parents in several ways", () => {
  const failing = parent("1", { when: "failed" });
  assertEquals(reason({ state: "blocked", parents: [failing] }), "waits for 1 (running) to fail");
  assertEquals(
    reason({ state: "blocked", parents: [failing, parent("2", { state: "blocked" })] }),
    "waits for 1 (running) and 2 (blocked) to finish",
  );
});

test("a delayed job tells until when", () => {
  const visibleAt = NOW + 5 * MINUTE;
  assertEquals(reason({ visibleAt }), `is delayed until ${at(visibleAt, "in 5m")}`);
});

test("a job between two attempts tells why the last one failed", () => {
  const visibleAt = NOW + MINUTE;
  assertEquals(
    reason({ visibleAt, failure: FAILURE, attempts: 1 }),
    `waits until ${at(visibleAt, "in 1m")} for its next attempt, as the last one failed: exited with code 3`,
  );
});

const WORKERS: Readonly<Record<string, [workers: readonly WorkerInfo[], said: string]>> = {
  "no worker": [[], "and no worker is on this queue"],
  "workers that were not seen lately": [
    [worker({ beatAt: NOW - 5 * MINUTE }), worker({ beatAt: NOW - 9 * MINUTE })],
    "and no worker was seen for 5m",
  ],
  "workers that leave": [[worker({ stop: "drain" })], "and the workers of this queue were asked to leave"],
  "a worker for another job only": [[worker({ slots: 0, jobs: ["1"] })], "and no worker is on this queue"],
  "a worker with a free slot": [[worker({ jobs: ["1"] })], "and 1 slot is free"],
  "a worker that is idle": [[worker()], "and 2 slots are free"],
  "a busy worker": [[worker({ slots: 1, jobs: ["1"] })], "and the only slot is busy"],
  "busy workers": [
    [worker({ jobs: ["1", "2"] }), worker({ slots: 1, jobs: ["3"] }), worker({ beatAt: 0, slots: 9 })],
    "and all 3 slots are busy",
  ],
};
for (const [what, [workers, said]] of Object.entries(WORKERS)) {
  test(`a ready job tells of ${what}`, () => {
    assertEquals(reason({}, { workers, position: 0 }), `is next, ${said}`);
  });
}

test("a ready job tells how many are before it", () => {
  assertEquals(reason({}, { position: 7 }), "is behind 7 jobs, and no worker is on this queue");
});

const RUNNING: Partial<JobDetails> = {
  state: "running",
  workerId: "w1",
  startedAt: NOW - 2 * MINUTE,
  visibleAt: NOW + 8 * MINUTE,
};
const LEASE = `another worker takes the job when its lease ends, at ${at(NOW + 8 * MINUTE, "in 8m")}`;

test("a running job tells where and since when", () => {
  assertEquals(
    reason(RUNNING, { workers: [worker()] }),
    `runs on w1 (node7, process 42) since ${localTime(NOW - 2 * MINUTE)} (2m)`,
  );
});

test("a running job tells that it is being stopped", () => {
  assertEquals(
    reason({ ...RUNNING, isStopping: true }, { workers: [worker()] }),
    `runs on w1 (node7, process 42) since ${localTime(NOW - 2 * MINUTE)} (2m), and is being stopped`,
  );
});

test("a running job tells that its worker has not been heard of", () => {
  assertEquals(
    reason(RUNNING, { workers: [worker({ beatAt: NOW - 3 * MINUTE })] }),
    `runs on w1 (node7, process 42) since ${
      localTime(NOW - 2 * MINUTE)
    } (2m), which has not been heard of for 3m: ${LEASE}`,
  );
});

test("a running job tells that its worker is gone", () => {
  assertEquals(
    reason(RUNNING),
    `runs on w1 since ${localTime(NOW - 2 * MINUTE)} (2m), which is not on this queue any more: ${LEASE}`,
  );
});

test("a running job tells that its lease has ended", () => {
  const visibleAt = NOW - MINUTE;
  assertEquals(
    reason({ ...RUNNING, visibleAt }, { workers: [worker()] }),
    `was run by w1, whose lease ended at ${at(visibleAt, "1m ago")}: the next free worker takes it over`,
  );
});

test("a running job whose lease has ended tells that it is to be cancelled", () => {
  const visibleAt = NOW - MINUTE;
  assertEquals(
    reason({ ...RUNNING, isStopping: true, visibleAt }, { workers: [worker()] }),
    `was run by w1, whose lease ended at ${
      at(visibleAt, "1m ago")
    }: the next free worker sees to it that it is cancelled`,
  );
});

const FINISHED: readonly [job: Partial<JobDetails>, said: string][] = [
  [{ state: "completed" }, "completed at T"],
  [{ state: "failed", attempts: 3, failure: FAILURE }, "failed at T in attempt 3 of 3: exited with code 3"],
  [
    { state: "timeout", attempts: 3, failure: { ...FAILURE, kind: "timed-out", message: "it was slow" } },
    "ran out of time at T in attempt 3 of 3: it was slow",
  ],
  [
    { state: "cancelled", failure: { ...FAILURE, kind: "cancelled", message: "its parent 1-a failed" } },
    "was cancelled at T: its parent 1-a failed",
  ],
  [{ state: "cancelled" }, "was cancelled at T"],
];
for (const [job, said] of FINISHED) {
  test(`a ${job.state} job tells: ${said}`, () => {
    const finishedAt = NOW - MINUTE;
    assertEquals(reason({ ...job, finishedAt }), said.replace("T", at(finishedAt, "1m ago")));
  });
}
