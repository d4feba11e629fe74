import { UsageError } from "../core/errors.ts";
import type { After, JobId, ParentCondition } from "../core/job.ts";
import type { Queue } from "../core/queue.ts";
import { resolveJob } from "./resolve_ids.ts";

/** A job that has to finish first, as it was written: by a key or (part of) an id. */
export interface WrittenAfter {
  readonly name: string;
  readonly when?: ParentCondition;
}

/** Reads `NAME[:ok|any|failed][,NAME...]`. @throws {UsageError} */
export function parseAfter(text: string): readonly WrittenAfter[] {
  return text.split(",").map((part) => {
    const [, name, when] = /^(.*?)(?::(ok|any|failed))?$/s.exec(part.trim()) ?? [];
    if (!name) {
      throw new UsageError(`"${text}" lacks the name of a job`, { hint: "write it like 12, 13:any" });
    }
    return { name, when: when as ParentCondition | undefined };
  });
}

/** The jobs on the queue that `--after` means. @throws {UsageError} */
export async function resolveAfter(queue: Queue, texts: readonly string[]): Promise<readonly After[]> {
  const after: { job: JobId; when?: ParentCondition }[] = [];
  for (const { name, when } of texts.flatMap(parseAfter)) {
    after.push({ job: await resolveJob(queue, name), when });
  }
  return after;
}
