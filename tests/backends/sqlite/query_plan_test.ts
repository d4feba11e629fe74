import { DatabaseSync } from "node:sqlite";
import { CLAIM, LOOK } from "../../../src/backends/sqlite/claims.ts";
import { END_DELAYS, END_LEASES } from "../../../src/backends/sqlite/timed.ts";
import { migrate } from "../../../src/backends/sqlite/schema.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

/** For each of N numbers a job of every kind: of 100 priorities, delayed, running, blocked and finished. */
const FILL = `
  INSERT INTO queues (name) VALUES ('default'), ('other');
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
  INSERT INTO jobs
    (queue_id, suffix, spec, max_attempts, created_at, priority, visible_at, state, finished_at, waits)
  SELECT 1 + i % 2, 'a', '{}', 1, i, i % 100, visible, state, finished, state = 'blocked' FROM n, (
    SELECT 'pending' AS state, NULL AS visible, NULL AS finished UNION ALL SELECT 'pending', 1000, NULL
    UNION ALL SELECT 'running', 1000, NULL UNION ALL SELECT 'blocked', NULL, NULL
    UNION ALL SELECT 'completed', NULL, 6
  );
  ANALYZE;`;

const STATES: Readonly<Record<string, string>> = {
  "an empty file": "",
  "10,000 jobs of each state, after ANALYZE": FILL,
};

for (const [state, sql] of Object.entries(STATES)) {
  test(`a claim searches the index of ready jobs and sorts nothing: ${state}`, () => {
    const plan = planOf(CLAIM, sql);
    assertMatch(plan, /SEARCH jobs USING COVERING INDEX jobs_ready \(queue_id=\?\)/);
    assertMatch(plan, /SEARCH jobs USING INTEGER PRIMARY KEY \(rowid=\?\)/);
    assert(!/SCAN|TEMP B-TREE/.test(plan), plan);
  });

  test(`the look before a claim reads the ends of two indexes: ${state}`, () => {
    const plan = planOf(LOOK, sql);
    assertMatch(plan, /SEARCH jobs USING COVERING INDEX jobs_timed/);
    assertMatch(plan, /SEARCH jobs USING COVERING INDEX jobs_ready/);
    assert(!/SCAN jobs|TEMP B-TREE/.test(plan), plan);
  });

  for (const [name, statement] of Object.entries({ END_DELAYS, END_LEASES })) {
    test(`${name} goes only to the jobs that are due: ${state}`, () => {
      const plan = planOf(statement, sql);
      assertMatch(plan, /SEARCH jobs USING COVERING INDEX jobs_timed \(queue_id=\? AND visible_at<\?\)/);
      assert(!/SCAN|TEMP B-TREE/.test(plan), plan);
    });
  }
}

test("a claim looks at as many rows among 50,000 jobs of all states and 100 priorities as among 50", () => {
  assertEquals([FILL, FILL.replace("10000", "10")].map(rowsRead), [1, 1]);
});

function filled(sql: string): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  migrate(database);
  database.exec(sql);
  return database;
}

function planOf(statement: string, sql: string): string {
  const database = filled(sql);
  const steps = database.prepare(`EXPLAIN QUERY PLAN ${statement}`).all().map(({ detail }) => String(detail));
  database.close();
  return steps.join("\n");
}

/** How many rows the claim's search looks at: a function in it counts them. */
function rowsRead(sql: string): number {
  const database = filled(sql);
  let rows = 0;
  database.function("seen", () => ++rows);
  const [, search = ""] = /seq = \((SELECT [^]*?)\)\n/.exec(CLAIM) ?? [];
  const counting = search.replace("ORDER BY", "AND seen() > 0 ORDER BY");
  database.prepare(counting).all({ queue_id: 1 });
  database.close();
  return rows;
}
