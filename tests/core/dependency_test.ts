import { verdictOn } from "../../src/core/dependency.ts";
import { JOB_STATES, type JobState, type ParentCondition } from "../../src/core/job.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const TABLE: Record<ParentCondition, Record<"satisfied" | "violated", JobState[]>> = {
  ok: { satisfied: ["completed"], violated: ["failed", "cancelled", "timeout"] },
  any: { satisfied: ["completed", "failed", "cancelled", "timeout"], violated: [] },
  failed: { satisfied: ["failed", "timeout"], violated: ["completed", "cancelled"] },
};

for (const when of ["ok", "any", "failed"] as const) {
  test(`what each state of a parent means under the condition ${when}`, () => {
    const states = (verdict: string) => JOB_STATES.filter((state) => verdictOn(state, when) === verdict);
    assertEquals(states("waiting"), ["blocked", "pending", "running"]);
    assertEquals(states("satisfied"), TABLE[when].satisfied);
    assertEquals(states("violated"), TABLE[when].violated);
  });
}
