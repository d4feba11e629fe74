import { systemClock } from "../../../core/clock.ts";
import type { Finding, Scene } from "./check.ts";
import { median, milliseconds, round } from "./numbers.ts";

const SAMPLES = 20;
/** Two clocks that are further apart than this, in ms, are worth a word. */
const FAR_MS = 1_000;
/** The kernel stamps files with the time of its last tick, up to so much ago, in ms: CONFIG_HZ is 100 at least. */
const EQUAL_MS = 10;
/** Filesystems keep times in steps of 2 s at most (FAT); longer, in ms, it is not waited for a step. */
const STEP_LIMIT_MS = 3_000;

/** How far the filesystem's clock is from this machine's, and whether and in which steps it goes forward. */
export async function checkClock(scene: Scene): Promise<Finding> {
  const { directory, files, signal } = scene;
  const path = `${directory}/clock`;
  const offsets: number[] = [];
  const times: number[] = [];
  const sample = async () => {
    const before = Date.now();
    await files.write(path, `${times.length}`);
    const after = Date.now();
    const modifiedAt = await files.modifiedAt(path);
    offsets.push(modifiedAt - (before + after) / 2);
    times.push(modifiedAt);
  };
  const startedAt = performance.now();
  const steps = () => stepsOf(times);
  while (!signal.aborted && (times.length < SAMPLES || steps().length < 3)) {
    if (times.length >= SAMPLES && performance.now() - startedAt > STEP_LIMIT_MS) break;
    await sample();
    await systemClock.sleep(1, signal);
  }
  const offsetMs = median(offsets);
  const spreadMs = Math.max(...offsets) - Math.min(...offsets);
  const forward = steps().filter((step) => step > 0);
  const values = {
    offset_ms: round(offsetMs),
    spread_ms: round(spreadMs),
    step_ms: forward.length > 0 ? Math.min(...forward) : undefined,
    goes_back: steps().some((step) => step < 0),
  };
  if (forward.length === 0) {
    return { verdict: "no", found: "the time of a file that is written does not go forward", values };
  }
  if (values.goes_back) {
    return {
      verdict: "warn",
      found: "the time of a file that is written went back: leases may end early",
      values,
    };
  }
  const away = Math.abs(offsetMs) < EQUAL_MS
    ? "as this machine's"
    : `${milliseconds(Math.abs(offsetMs))} ${offsetMs < 0 ? "behind" : "ahead of"} this machine's`;
  const isFar = Math.abs(offsetMs) > FAR_MS;
  return {
    verdict: isFar ? "warn" : "ok",
    found: `${away}, spread ${milliseconds(spreadMs)}, steps of ${milliseconds(values.step_ms ?? 0)}` +
      (isFar ? "; leases go by the filesystem's clock" : ""),
    values,
  };
}

/** The differences between times that follow each other, without those that are none. */
function stepsOf(times: readonly number[]): readonly number[] {
  return times.slice(1).map((time, index) => time - (times[index] ?? time)).filter((step) => step !== 0);
}
