import type { JobEncoding } from "../../core/wire/job_message.ts";
import { md5 } from "./md5.ts";

/**
 * How the ids of jobs are made: equal jobs have equal ids, as the Python tool makes them, unless the caller or
 * `$JOBQ_DETERMINISTIC_IDS` wants each job to have an id of its own.
 */
export function encodingOf(
  env: (name: string) => string | undefined,
  { newIds = false }: { newIds?: boolean },
): JobEncoding {
  const isDeterministic = ["1", "true", "yes"].includes(
    (env("JOBQ_DETERMINISTIC_IDS") ?? "true").toLowerCase(),
  );
  return isDeterministic && !newIds ? { md5 } : { md5, newId: newMessageId };
}

/** An id that no message had before: a random UUID without dashes. */
export function newMessageId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
