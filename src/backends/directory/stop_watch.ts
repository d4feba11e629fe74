import type { Clock } from "../../core/clock.ts";
import { LeaseWatch, type WatchedLease } from "../lease_watch.ts";
import type { Files } from "./files.ts";
import { stopName } from "./holder_folder.ts";
import type { Key } from "./names.ts";

/** A lease on a file. */
export interface WatchedFile extends WatchedLease {
  readonly key: Key;
  /** The folder in which requests to stop it are put. */
  readonly folder: string;
}

export type StopWatch = LeaseWatch<WatchedFile>;

/** Tells the holders of leases when their jobs are to be cancelled. */
export function stopWatch(files: Files, clock: Clock): StopWatch {
  return new LeaseWatch<WatchedFile>(clock, (leases) => {
    const names = new Map<string, ReadonlySet<string>>();
    for (const { folder } of leases) {
      if (!names.has(folder)) names.set(folder, new Set(files.list(folder).map(({ name }) => name)));
    }
    const cancelled = leases.filter(({ folder, key, token }) => names.get(folder)?.has(stopName(key, token)));
    return Promise.resolve(cancelled);
  });
}
