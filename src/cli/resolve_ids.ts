import { UsageError } from "../core/errors.ts";
import type { JobId } from "../core/job.ts";
import type { Queue } from "../core/queue.ts";

/** Ids that an ambiguous beginning is said to fit, at most. */
const SHOWN = 5;

/** What a text may mean, as `JobStore.findIds` answers it. */
export type FindIds = (text: string, limit: number) => Promise<readonly string[]> | readonly string[];

/** What is looked for, and how a person finds out what there is. */
export interface Sought {
  readonly noun: string;
  readonly hint: string;
}

const A_JOB: Sought = { noun: "job", hint: "jobq list shows them" };

/**
 * Finds the ids that are meant: each word is an id, its number, or the beginning of just one. Answers each once.
 *
 * @throws {UsageError} for a word that fits none or several
 */
export async function resolveIds(
  words: readonly string[],
  find: FindIds,
  { noun, hint }: Sought,
): Promise<readonly string[]> {
  const ids = new Set<string>();
  for (const word of words) {
    const { id, fitting } = await lookUp(word, find);
    if (id !== undefined) ids.add(id);
    else if (fitting.length === 0) {
      throw new UsageError(`Cannot find "${word}": no ${noun} starts with it`, { hint });
    } else {
      throw new UsageError(`Cannot tell which ${noun} "${word}" means: ${countText(fitting)} start with it`, {
        hint: `one of ${listText(fitting)}`,
      });
    }
  }
  return [...ids];
}

/** The ids of jobs. @throws {UsageError} */
export function resolveJobs(queue: Queue, words: readonly string[]): Promise<readonly JobId[]> {
  return resolveIds(words, findOn(queue), A_JOB);
}

/** The id of a job. @throws {UsageError} */
export async function resolveJob(queue: Queue, word: string): Promise<JobId> {
  const [id = word] = await resolveJobs(queue, [word]);
  return id;
}

/** Looks among the jobs of a queue. */
export function findOn(queue: Queue): FindIds {
  return (text, limit) => queue.findIds(text, { limit });
}

/** Looks among ids that are known: the one that the text is, or whose number it is; else all that begin with it. */
export function findAmong(known: readonly string[]): FindIds {
  return (text, limit) => {
    const isNumber = /^\d+$/.test(text);
    const exact = known.find((id) => id === text || (isNumber && id.startsWith(`${text}-`)));
    return exact === undefined ? known.filter((id) => id.startsWith(text)).slice(0, limit) : [exact];
  };
}

/** The one id that a word means, or else the first of those that it fits. */
export async function lookUp(
  word: string,
  find: FindIds,
): Promise<{ readonly id?: string; readonly fitting: readonly string[] }> {
  // An empty word, as from an unset variable, would fit everything.
  const fitting = word === "" ? [] : await find(word, SHOWN + 1);
  return fitting.length === 1 ? { id: fitting[0], fitting } : { fitting };
}

/** How many there are, of which at most one more than are shown are known. */
export function countText(fitting: readonly string[]): string {
  return fitting.length > SHOWN ? `more than ${SHOWN}` : String(fitting.length);
}

/** The first of them. */
export function listText(fitting: readonly string[]): string {
  return fitting.slice(0, SHOWN).join(", ") + (fitting.length > SHOWN ? ", …" : "");
}
