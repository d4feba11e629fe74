import { verdictOn } from "../../core/dependency.ts";
import { isFinished, type JobId } from "../../core/job.ts";
import type { Entry } from "../job_graph/entry.ts";
import type { JobGraph } from "../job_graph/graph.ts";
import { admit, tellChildren } from "../job_graph/life.ts";
import type { DirectoryContext } from "./context.ts";
import { childrenDirectory, idOfKey, keyOfId } from "./names.ts";
import { locate, type Location } from "./places.ts";
import { faultOf, loadJob, setAside } from "./stored_jobs.ts";
import { change } from "./transaction.ts";

/**
 * For changes of one job that this process has: what they mean for others is told by `tellChildrenOf`, once it is written.
 */
export const ALONE: JobGraph = {
  get: () => undefined,
  childrenOf: () => [],
  holderOfKey: () => undefined,
  inStates: () => [],
  reserveSeqs: () => 0,
  add: () => {},
  requestStop: () => {},
  changed: () => {},
};

/**
 * Makes ready, or cancels, what waited for a job that has finished and is where finished jobs are. A process that dies in
 * between leaves that to `tellBlocked`.
 */
export async function tellChildrenOf(context: DirectoryContext, { id }: Entry): Promise<void> {
  const key = keyOfId(id);
  if (key === undefined || !context.children.has(childrenDirectory(key).slice("children/".length))) return;
  await change(context, (graph) => {
    const entry = graph.get(id);
    if (entry !== undefined && isFinished(entry.state)) tellChildren(graph, [entry], context.time.now());
  });
}

/** Looks whether a blocked job waits in vain, since those who should have told it did not, and tells it. */
export async function tellBlocked(context: DirectoryContext, location: Location): Promise<void> {
  const loaded = loadJob(context, location);
  const fault = loaded === undefined ? faultOf(context, location) : undefined;
  if (fault !== undefined) return setAside(context, location.path, fault);
  if (loaded === undefined || loaded.entry.state !== "blocked" || !hasNews(context, loaded.entry)) return;
  await change(context, (graph) => {
    const entry = graph.get(idOfKey(location.key));
    if (entry?.state === "blocked") admit(graph, [entry], context.time.now());
  });
}

function hasNews(context: DirectoryContext, { parents }: Entry): boolean {
  const links = Array.from(parents);
  if (links.every(([, { isSatisfied }]) => isSatisfied)) return true;
  return links.some(([id, { when, isSatisfied }]) => !isSatisfied && isDecided(context, id, when));
}

function isDecided(
  context: DirectoryContext,
  id: JobId,
  when: Parameters<typeof verdictOn>[1],
): boolean {
  const key = keyOfId(id);
  const location = key && locate(context.files, key);
  const parent = location ? loadJob(context, location)?.entry : undefined;
  return parent !== undefined && verdictOn(parent.state, when) !== "waiting";
}
