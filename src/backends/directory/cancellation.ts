import { isFinished, type JobId } from "../../core/job.ts";
import type { CallOptions } from "../../core/queue.ts";
import type { CancelResult } from "../../core/job_store.ts";
import { cancel } from "../job_graph/cancel.ts";
import type { DirectoryContext } from "./context.ts";
import { tellChildrenOf } from "./finishing.ts";
import { keyOfId } from "./names.ts";
import { hasChildren } from "./relations.ts";
import { change, DirectoryGraph } from "./transaction.ts";

/** As `JobStore.cancel`. Jobs for which no others wait are cancelled without holding up those who change related jobs. */
export async function cancelJobs(
  context: DirectoryContext,
  ids: readonly JobId[],
  { reason, signal }: CallOptions & { reason?: string },
): Promise<CancelResult> {
  const [alone = [], related = []] = split(context, ids);
  const results: CancelResult[] = [];
  for (const [some, isAlone] of [[alone, true], [related, false]] as const) {
    if (some.length === 0) continue;
    const work = (graph: DirectoryGraph) => cancel(graph, some, { reason, now: context.time.now() });
    results.push(await change(context, work, { signal, isAlone }));
  }
  await tellLateChildren(context, alone);
  const order = new Map(ids.map((id, index) => [id, index]));
  const inOrder = (a: JobId, b: JobId) => (order.get(a) ?? 0) - (order.get(b) ?? 0);
  return {
    cancelled: results.flatMap(({ cancelled }) => cancelled).sort(inOrder),
    stopping: results.flatMap(({ stopping }) => stopping).sort(inOrder),
    children: results.reduce((sum, { children }) => sum + children, 0),
    refused: results.flatMap(({ refused }) => refused).sort((a, b) => inOrder(a.id, b.id)),
  };
}

function split({ files }: DirectoryContext, ids: readonly JobId[]): [alone: JobId[], related: JobId[]] {
  const parts: [JobId[], JobId[]] = [[], []];
  for (const id of ids) {
    const key = keyOfId(id);
    parts[key !== undefined && hasChildren(files, key) ? 1 : 0].push(id);
  }
  return parts;
}

/** A job that was pushed in this moment may wait for one of them. */
async function tellLateChildren(context: DirectoryContext, ids: readonly JobId[]): Promise<void> {
  const graph = new DirectoryGraph(context);
  for (const id of ids) {
    const key = keyOfId(id);
    if (key === undefined || !hasChildren(context.files, key)) continue;
    const entry = graph.get(id);
    if (entry !== undefined && isFinished(entry.state)) await tellChildrenOf(context, entry);
  }
}
