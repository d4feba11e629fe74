import { UsageError } from "../../core/errors.ts";
import { assertPlace, assertRunnable, forEachJob, type JobId, type NewJob } from "../../core/job.ts";
import { assertSpan } from "../../core/limits.ts";
import type { EnqueueOptions } from "../../core/queue.ts";
import { randomId } from "../../core/random_id.ts";
import { type Entry, uniqueKeyOf } from "../job_graph/entry.ts";
import { makePending } from "../job_graph/life.ts";
import { push } from "../job_graph/push.ts";
import { formatJobId } from "../numbered_id.ts";
import { placeBatch } from "./batches.ts";
import { DIRECTORY_CAPABILITIES } from "./capabilities.ts";
import type { DirectoryContext } from "./context.ts";
import { encodeChange, encodePushed } from "./job_file.ts";
import { readKey } from "./names.ts";
import { keyOfEntry, placeOf } from "./places.ts";
import { noteUniqueKey } from "./relations.ts";
import { change } from "./transaction.ts";

/** Letters after the number in an id: 30 random bits. */
const SUFFIX_LENGTH = 6;

const encoder = new TextEncoder();

/** A file that is to be made. */
export interface NewFile {
  readonly place: string;
  readonly text: string;
}

/** As `Queue.enqueue`: all of the jobs are pushed, or none. */
export async function pushJobs(
  context: DirectoryContext,
  jobs: readonly NewJob[],
  { onSkip, signal }: EnqueueOptions = {},
): Promise<readonly JobId[]> {
  if (jobs.length === 0) return [];
  forEachJob(jobs, assertAcceptable);
  signal?.throwIfAborted();
  if (!jobs.some(isRelated)) return await pushAlone(context, jobs);
  const skipped: (readonly [index: number, id: JobId])[] = [];
  let added: readonly Entry[] = [];
  const ids = await change(context, (graph) => {
    skipped.length = 0;
    const now = context.time.now();
    const ids = push(graph, jobs, { onSkip: (...skip) => skipped.push(skip), now });
    added = graph.added;
    return ids;
  }, {
    signal,
    newJobs: jobs.length,
    // The jobs whose place they take are cancelled by then, and those that they wait for can find them.
    finish: async () => {
      // A note of a job that there is not does no harm.
      for (const entry of added) {
        const key = uniqueKeyOf(entry);
        if (key !== undefined) noteUniqueKey(context.files, key, keyOfEntry(entry));
      }
      await placeBatch(context, added.map(fileOf));
    },
  });
  for (const [index, id] of skipped) onSkip?.(index, id);
  return ids;
}

/** Pushes jobs that wait for no others and have no keys. */
async function pushAlone(context: DirectoryContext, jobs: readonly NewJob[]): Promise<readonly JobId[]> {
  const first = await context.sequence.reserve(jobs.length);
  const now = context.time.now();
  const entries = jobs.map(({ delayMs = 0, after: _, ...pushed }, index): Entry => {
    const entry: Entry = {
      id: formatJobId(first + index, randomId(SUFFIX_LENGTH)),
      seq: first + index,
      pushed,
      createdAt: now,
      parents: new Map(),
      history: [],
      state: "pending",
      updatedAt: now,
      attempts: 0,
      lostLeases: 0,
      waitMs: 0,
    };
    makePending(entry, delayMs, now);
    return entry;
  });
  await placeBatch(context, entries.map(fileOf));
  return entries.map(({ id }) => id);
}

function fileOf(entry: Entry): NewFile {
  const key = keyOfEntry(entry);
  const first = encodePushed(entry, readKey(key)?.suffix ?? "");
  const isPlain = entry.state === "pending" && entry.parents.size === 0;
  return {
    place: placeOf(entry),
    text: isPlain ? first : first + encodeChange(entry, { satisfiedBefore: new Set() }),
  };
}

function isRelated({ after = [], ifExists, key }: NewJob): boolean {
  return after.length > 0 || ifExists !== undefined || key !== undefined;
}

function assertAcceptable(job: NewJob): void {
  assertRunnable(job);
  assertPlace(job);
  const { maxDelayMs: max, maxPayloadBytes } = DIRECTORY_CAPABILITIES;
  assertSpan("a delay", job.delayMs ?? 0, { min: 0, max });
  const { after: _, jsonLine: __, ...content } = job;
  if (encoder.encode(JSON.stringify(content)).length > maxPayloadBytes) {
    throw new UsageError(`the job with its environment is larger than ${maxPayloadBytes} bytes`, {
      hint: "put the data into a file and push a command that reads it",
    });
  }
}
