import type { Finding, Scene } from "./check.ts";
import { contest, paceOf, scoreOf } from "./contest.ts";

/** Whether one alone of two processes that make the same name at once is told that it made it. */
export async function checkExclusiveCreate(scene: Scene): Promise<Finding> {
  const result = await contest(scene, { kind: "create", ...await paceOf(scene) });
  const { rounds, here, there, both, none } = result;
  const values = {
    races: rounds,
    won_here: here.won.length,
    won_there: there.won.length,
    won_by_both: both.length,
    won_by_none: none.length,
  };
  const [fault] = [...here.faults, ...there.faults];
  if (both.length > 0) {
    return { verdict: "no", found: `both made the same name in ${both.length} of ${rounds} races`, values };
  }
  if (fault !== undefined) return { verdict: "no", found: `it failed: ${fault}`, values };
  if (none.length > 0) {
    return {
      verdict: "no",
      found: `none was told that it made the name in ${none.length} of ${rounds} races`,
      values,
    };
  }
  return { verdict: "ok", found: scoreOf(result), values };
}
