import { Files } from "./files.ts";
import { tryLock } from "./holder.ts";
import { HolderFolder } from "./holder_folder.ts";

/** The most files that are named. */
const MAX_NAMED = 20;

/** What a person should know of a queue whose directory is looked at, one sentence a line. Changes nothing. */
// deno-lint-ignore require-await -- throwing must become a rejection
export async function describeQueue(root: string): Promise<readonly string[]> {
  const files = new Files(root, { isDurable: false, isShared: false });
  return [...describeHolders(files), ...describeBroken(files)];
}

function describeHolders(files: Files): string[] {
  const holders = files.names("held").map((id) => ({
    folder: HolderFolder.read(files, id),
    isLocked: isLocked(files, id),
  }));
  const jobs = holders.reduce((sum, { folder }) => sum + folder.leases.length, 0);
  const free = holders.filter(({ isLocked, folder }) => !isLocked && folder.leases.length > 0).length;
  return [
    `${jobs} jobs are held by ${holders.length} processes` +
    (free > 0
      ? `, ${free} of which hold no lock: their jobs are taken back by the next worker that looks, or when their leases end`
      : ""),
  ];
}

function isLocked(files: Files, id: string): boolean {
  try {
    using life = Deno.openSync(files.path(`held/${id}/life`), { read: true, write: true });
    return !tryLock(life);
  } catch {
    return false;
  }
}

function describeBroken(files: Files): string[] {
  const names = files.names("broken");
  if (names.length === 0) return ["no file of it was found broken"];
  const shown = names.slice(0, MAX_NAMED).map((name) => {
    const { size = 0, mtime } = files.stat(`broken/${name}`) ?? {};
    return `  broken/${name} (${size} bytes, last changed ${mtime?.toISOString() ?? "at an unknown time"})`;
  });
  const more = names.length > MAX_NAMED ? [`  and ${names.length - MAX_NAMED} more`] : [];
  return [
    `put aside since they were no jobs, to be looked at and removed: ${names.length}`,
    ...shown,
    ...more,
  ];
}
