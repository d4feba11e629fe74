import { directoryCalls } from "./directory_calls.ts";
import { directoryDepths, directoryWorkers } from "./directory_claims.ts";
import { directoryBesidePython } from "./directory_fs_task_queue.ts";
import { directoryIdle } from "./directory_idle.ts";
import { notice } from "./directory_notice.ts";
import { directoryPush } from "./directory_push.ts";
import { directoryStartUp } from "./directory_start_up.ts";
import { directoryTakeOver } from "./directory_take_over.ts";
import type { Benchmark, Result } from "./result.ts";

const PARTS: Readonly<Record<string, Benchmark>> = {
  "pushes": directoryPush,
  "claims by depth": directoryDepths,
  "workers": directoryWorkers,
  "fs-task-queue": directoryBesidePython,
  "system calls": directoryCalls,
  "take-over": directoryTakeOver,
  "idle workers": directoryIdle,
  "start-up": directoryStartUp,
};

/** A queue in a directory: rates, what they depend on, what is asked of the file server, and what a dead worker costs. */
export const directory: Benchmark = async ({ quick, directory }) => {
  const results: Result[] = [];
  for (const [name, measure] of Object.entries(PARTS)) {
    const own = await Deno.makeTempDir({ dir: directory });
    try {
      results.push(...await measure({ quick, directory: own }));
    } catch (error) {
      // The other parts still have something to tell.
      await notice(`${name} could not be measured: ${error instanceof Error ? error.message : error}`);
    } finally {
      await Deno.remove(own, { recursive: true });
    }
  }
  return results;
};
