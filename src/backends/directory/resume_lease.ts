import { LeaseLostError, UsageError } from "../../core/errors.ts";
import type { Lease } from "../../core/queue.ts";
import type { DirectoryContext } from "./context.ts";
import type { Files } from "./files.ts";
import { explainForWorker } from "./fs_errors.ts";
import type { HeldLease } from "./holder.ts";
import { HolderFolder, type SeenLease, stopName } from "./holder_folder.ts";
import { DirectoryLease } from "./lease.ts";
import { idOfKey, leasedName } from "./names.ts";
import { heldJobs } from "./places.ts";
import type { StopWatch } from "./stop_watch.ts";
import { loadJob } from "./stored_jobs.ts";
import { readTicket } from "./ticket.ts";

/** Takes a lease up again: the job comes into this process's folder, under the same token. @throws {LeaseLostError} */
export function resumeLease(context: DirectoryContext, ticket: string, watch: StopWatch): Lease {
  const asked = readTicket(ticket);
  if (asked === undefined) throw new UsageError(`"${ticket}" is not the ticket of a lease`);
  const lost = () => new LeaseLostError(idOfKey(asked.key));
  try {
    const found = findLease(context.files, asked);
    if (found === undefined) throw lost();
    const { folder, seen } = found;
    const { holder } = context;
    const held: HeldLease = { ...asked, until: seen.until, waitMs: seen.waitMs };
    const own = holder.path(leasedName(held));
    if (!context.files.move(folder.path(seen.name), own)) throw lost();
    const reason = folder.stopReason(held);
    if (reason !== undefined) context.files.replace(holder.path(stopName(held.key, held.token)), reason);
    const location = { key: held.key, path: own, state: "running", holder: holder.id } as const;
    const entry = loadJob(context, location)?.entry;
    if (entry === undefined) throw lost();
    return new DirectoryLease(context, entry, { held, holder, watch });
  } catch (error) {
    throw explainForWorker(error, "take up a job of", context.name);
  }
}

/** Looks a lease up in the folders of all holders. */
function findLease(
  files: Files,
  { key, token }: Pick<HeldLease, "key" | "token">,
): { folder: HolderFolder; seen: SeenLease } | undefined {
  for (const { path, holder } of heldJobs(files)) {
    if (holder === undefined || !path.includes(`/${key}.${token}.`)) continue;
    const folder = HolderFolder.read(files, holder);
    const seen = folder.leases.find(({ leased }) => leased.key === key && leased.token === token);
    if (seen !== undefined) return { folder, seen };
  }
  return undefined;
}
