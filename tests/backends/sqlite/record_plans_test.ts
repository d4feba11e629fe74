import { IN_RANGE } from "../../../src/backends/sqlite/find_ids.ts";
import { listStatement } from "../../../src/backends/sqlite/list_jobs.ts";
import { STATES as STATES_OF_IDS } from "../../../src/backends/sqlite/progress.ts";
import { lastSparedStatement, NEXT } from "../../../src/backends/sqlite/prune.ts";
import { BEFORE_DELAYED, BEFORE_READY } from "../../../src/backends/sqlite/records.ts";
import { COUNTING, DURATIONS } from "../../../src/backends/sqlite/stats.ts";
import { HELD } from "../../../src/backends/sqlite/workers.ts";
import { FINISHED_STATES } from "../../../src/core/job.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { queryPlan } from "../../support/query_plan.ts";
import { test } from "../../support/testing.ts";

/** For each of N numbers a job of every kind. */
const FILL = `
  INSERT INTO queues (name) VALUES ('default'), ('other');
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
  INSERT INTO jobs (queue_id, suffix, spec, max_attempts, created_at, priority, visible_at, state, finished_at)
  SELECT 1 + i % 2, 'a', '{}', 1, i, i % 100, visible, state, finished FROM n, (
    SELECT 'pending' AS state, NULL AS visible, NULL AS finished UNION ALL SELECT 'pending', 1000, NULL
    UNION ALL SELECT 'running', 1000, NULL UNION ALL SELECT 'blocked', NULL, NULL
    UNION ALL SELECT 'completed', NULL, 6 UNION ALL SELECT 'failed', NULL, 7
  );
  INSERT INTO dependencies (child, position, parent, parent_suffix, condition)
  SELECT seq, 0, seq - 1, 'a', 'ok' FROM jobs WHERE state = 'blocked';
  ANALYZE;`;

const FILES: Readonly<Record<string, string>> = {
  "an empty file": "",
  "jobs of each state, after ANALYZE": FILL,
};

for (const [file, sql] of Object.entries(FILES)) {
  test(`list() walks the table backwards and sorts nothing: ${file}`, () => {
    assertEquals(queryPlan(listStatement({ limit: 100 }), sql), "SCAN jobs");
    assertEquals(queryPlan(listStatement({ reverse: true, name: "a*", createdSince: 5 }), sql), "SCAN jobs");
  });

  for (const state of ["blocked", "pending", "running", "failed", "cancelled", "timeout"] as const) {
    test(`list() finds ${state} jobs by index: ${file}`, () => {
      const plan = queryPlan(listStatement({ states: [state] }), sql);
      assertMatch(plan, /SEARCH jobs USING INTEGER PRIMARY KEY \(rowid=\?\)/);
      assertMatch(plan, /SEARCH jobs USING COVERING INDEX/);
      assert(!plan.includes("SCAN"), plan);
    });
  }

  for (const [name, statement] of Object.entries(COUNTING)) {
    test(`${name} looks into one index only: ${file}`, () => {
      assertMatch(queryPlan(statement, sql), /^SEARCH jobs USING COVERING INDEX \w+ \([^)]+\)$/);
    });
  }

  for (const [name, statement] of Object.entries({ BEFORE_READY, BEFORE_DELAYED })) {
    test(`position() counts by ${name} in the indexes: ${file}`, () => {
      const plan = queryPlan(statement, sql);
      assertMatch(plan, /SEARCH jobs USING COVERING INDEX jobs_ready/);
      assertMatch(plan, /SEARCH jobs USING (?:COVERING )?INDEX jobs_timed \(queue_id=\? AND visible_at<\?\)/);
      assert(!plan.includes("SCAN jobs"), plan);
    });
  }

  const SEARCHES = { DURATIONS, HELD, IN_RANGE, NEXT, STATES_OF_IDS };
  for (const [name, statement] of Object.entries(SEARCHES)) {
    test(`${name} does not walk through all jobs: ${file}`, () => {
      const plan = queryPlan(statement, sql);
      assertMatch(plan, /SEARCH jobs USING/);
      assert(!plan.includes("SCAN jobs"), plan);
    });
  }

  test(`the newest of all finished states are merged without sorting: ${file}`, () => {
    const plan = queryPlan(lastSparedStatement(FINISHED_STATES), sql);
    assertEquals(plan.match(/SEARCH jobs USING COVERING INDEX jobs_finished/g)?.length, 4);
    assert(!/SCAN|TEMP B-TREE/.test(plan), plan);
  });
}
