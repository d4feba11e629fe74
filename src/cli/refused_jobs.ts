import { UsageError } from "../core/errors.ts";
import type { RefusedJob } from "../core/job_store.ts";

/** How many a note names, at most. */
const SHOWN = 5;

/** The one error that names all jobs that were left as they are. */
export function refusal(action: string, refused: readonly RefusedJob[], hint: string): UsageError {
  const [first] = refused;
  return first !== undefined && refused.length === 1
    ? new UsageError(`Cannot ${action} ${first.id}: ${sentence(first)}`, { hint })
    : new UsageError(`Cannot ${action} ${refused.length} jobs: ${enumerate(refused)}`, { hint });
}

/** Says the same where it is no error. */
export function refusalNote(refused: readonly RefusedJob[]): string {
  const more = refused.length > SHOWN ? ", …" : "";
  const count = refused.length === 1 ? "1 job was" : `${refused.length} jobs were`;
  return `${count} left alone: ${enumerate(refused.slice(0, SHOWN))}${more}\n`;
}

function enumerate(refused: readonly RefusedJob[]): string {
  return refused.map((job) => `${job.id} (${sentence(job)})`).join(", ");
}

/** A reason goes on after the id: "is completed", "its key is taken by …". */
function sentence({ reason }: RefusedJob): string {
  return reason.startsWith("its ") ? reason : `it ${reason}`;
}
