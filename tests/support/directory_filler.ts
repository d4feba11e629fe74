/**
 * Does all that can be done to a queue on a filesystem with no, one, two, … free pages, and again when there is room, and
 * prints as JSON how many calls failed and what was wrong after it: `directory_filler.ts MOUNT`.
 */
import { BackendError } from "../../src/core/errors.ts";
import { OPERATIONS } from "./directory_operations.ts";
import { openAtClock, runAll } from "./directory_queue.ts";
import { ManualClock } from "./manual_clock.ts";
import { print } from "./script.ts";

const PAGE = 4_096;
const MAX_PAGES = 8;

const [mount = ""] = Deno.args;
const ballast = `${mount}/ballast`;
const problems: string[] = [];
let failures = 0;

/** Fills the filesystem up to so many pages. */
function fill(free: number): void {
  using file = Deno.openSync(ballast, { write: true, create: true });
  const page = new Uint8Array(PAGE);
  try {
    for (;;) file.writeSync(page);
  } catch {
    file.truncateSync(Math.max(0, file.statSync().size - free * PAGE));
  }
}

for (const [name, operation] of Object.entries(OPERATIONS)) {
  for (let free = 0; free <= MAX_PAGES; free++) {
    const path = `${mount}/queue`;
    const clock = new ManualClock(Date.now());
    const queue = openAtClock(path, clock);
    const { known, adds = 0, act } = await operation(queue);
    await clock.jump(10);
    fill(free);
    const error = await act().then(() => undefined, (error: unknown) => error);
    Deno.removeSync(ballast);
    const wrong = (what: string) => problems.push(`${name} with ${free} free pages: ${what}`);
    try {
      if (error !== undefined) {
        failures++;
        if (!(error instanceof BackendError && error.transient)) wrong(String(error));
        await clock.jump(61_000);
        await act();
      }
      await queue.lease({ leaseMs: 1, waitMs: 0, job: "1-none" });
      await clock.jump(4_000_000);
      await runAll(queue, clock);
      const { unfinished } = await queue.counts();
      const all = (await queue.list()).map(({ id }) => id);
      if (unfinished !== 0) wrong(`${unfinished} jobs are stuck`);
      if (all.length !== known.length + adds) wrong(`${all.length} jobs instead of ${known.length + adds}`);
      if (!known.every((id) => all.includes(id))) wrong("a job is lost");
    } catch (error) {
      wrong(String(error));
    }
    await queue[Symbol.asyncDispose]();
    Deno.removeSync(path, { recursive: true });
  }
}
await print(JSON.stringify({ failures, problems }));
