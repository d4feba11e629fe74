import type { JobId } from "../../core/job.ts";
import type { CallOptions } from "../../core/queue.ts";
import { formatJobId } from "../numbered_id.ts";
import type { QueueContext } from "./context.ts";
import { readSnapshot } from "./snapshot.ts";

export const IN_RANGE = `
  SELECT seq, suffix FROM jobs
  WHERE seq BETWEEN :first AND :last AND queue_id = :queue_id ORDER BY seq LIMIT :limit`;

/** Numbers have at most so many digits, as in `parseJobId`. */
const MAX_DIGITS = 15;

/** As `JobStore.findIds`; the first pushed come first. No job is meant by an empty text. */
export async function findIds(
  { connection, queueId }: QueueContext,
  text: string,
  { limit, signal }: CallOptions & { limit: number },
): Promise<readonly JobId[]> {
  const [, digits, letters] = /^([1-9]\d{0,14})(-[0-9a-z]*)?$/.exec(text) ?? [];
  if (digits === undefined) return [];
  const number = Number(digits);
  const find = (first: number, last: number, most: number) =>
    connection.prepare(IN_RANGE).all({ first, last, queue_id: queueId, limit: most })
      .map(({ seq, suffix }) => formatJobId(Number(seq), String(suffix)));
  const statements = () => {
    const exact = find(number, number, 1).filter((id) => id.startsWith(text));
    if (exact.length > 0 || letters !== undefined) return exact.slice(0, limit);
    const ids: JobId[] = [];
    // 12 is the beginning of 120 to 129, of 1200 to 1299 and so on.
    for (let zeros = 1; digits.length + zeros <= MAX_DIGITS && ids.length < limit; zeros++) {
      const factor = 10 ** zeros;
      ids.push(...find(number * factor, (number + 1) * factor - 1, limit - ids.length));
    }
    return ids;
  };
  return await readSnapshot(connection, "read", { statements, signal });
}
