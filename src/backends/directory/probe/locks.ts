import { systemClock } from "../../../core/clock.ts";
import type { Finding, Scene } from "./check.ts";
import { milliseconds, round } from "./numbers.ts";
import type { LockAnswer } from "./side.ts";

/** The jobs of a worker that dies are to be taken back within this, in ms. */
const TAKE_OVER_MS = 2_000;
/** A lock that is not free so long after its holder's death, in ms, is no lock of a process. */
const GIVE_UP_MS = 20_000;

/** Whether flock(2) holds between handles and processes, and how soon another has the lock of a process that is killed. */
export async function checkLocks(scene: Scene): Promise<Finding> {
  const { directory, files, here, there, signal } = scene;
  const path = `${directory}/lock`;
  await files.write(path, "");
  const fault = await firstFault([
    ["held", "a lock that nobody has is refused", () => here.lock(path)],
    ["refused", "a second handle of the same process gets a lock that is held", () => tryOnce(scene, path)],
    ["refused", "another process gets a lock that is held", () => there.lock(path, signal)],
    ["held", "a lock that was given up is refused to another process", async () => {
      await here.unlock(path);
      return await there.lock(path, signal);
    }],
    ["refused", "this process gets a lock that another one holds", () => here.lock(path)],
  ]);
  if (fault !== undefined) {
    await Promise.all([here.unlock(path), there.unlock(path, signal)]);
    return { verdict: "no", found: fault, values: { honoured: false } };
  }
  await there.kill();
  const takeOverMs = await untilHeld(scene, path);
  await here.unlock(path);
  await there.restart(signal);
  if (takeOverMs === undefined) {
    const found = `still refused ${milliseconds(GIVE_UP_MS)} after the process that had it was killed`;
    return { verdict: "no", found, values: { honoured: true } };
  }
  return {
    verdict: takeOverMs <= TAKE_OVER_MS ? "ok" : "slow",
    found: `held between processes, free ${milliseconds(takeOverMs)} after its process was killed`,
    values: { honoured: true, free_after_kill_ms: round(takeOverMs) },
  };
}

/** After how many ms this process has the lock; undefined when it gave up. */
async function untilHeld({ here, signal }: Scene, path: string): Promise<number | undefined> {
  const startedAt = performance.now();
  while (await here.lock(path) !== "held") {
    if (performance.now() - startedAt > GIVE_UP_MS || signal.aborted) return undefined;
    await systemClock.sleep(5, signal);
  }
  return performance.now() - startedAt;
}

type Step = readonly [expected: LockAnswer, otherwise: string, run: () => Promise<LockAnswer>];

async function firstFault(steps: readonly Step[]): Promise<string | undefined> {
  for (const [expected, otherwise, run] of steps) {
    const answer = await run();
    if (typeof answer === "object") return `none: ${answer.unsupported}`;
    if (answer !== expected) return otherwise;
  }
  return undefined;
}

async function tryOnce({ files }: Scene, path: string): Promise<LockAnswer> {
  const lock = await files.tryLock(path);
  lock?.[Symbol.dispose]();
  return lock === undefined ? "refused" : "held";
}
