import { notice } from "./directory_notice.ts";

/** What a file server is asked for. A name with `?` is not known on every machine. */
const CALLS = [
  ...["?open", "openat", "?creat", "write", "pwrite64", "writev", "pwritev", "truncate", "ftruncate"],
  ...["?rename", "?renameat", "renameat2", "?unlink", "unlinkat", "?mkdir", "mkdirat", "?rmdir"],
  ...["?link", "linkat", "?symlink", "symlinkat", "utimensat", "?chmod", "fchmod", "fchmodat", "fallocate"],
  ...["fsync", "fdatasync", "?stat", "?lstat", "?newfstatat", "fstat", "statx", "?access", "?faccessat"],
  ...["?faccessat2", "?getdents64", "?getdents", "read", "pread64", "flock"],
];

/** The options of strace: all threads, times, paths of files, no contents. */
export const STRACE = ["strace", "-f", "-qq", "-ttt", "-y", "-s", "0", "-e", `trace=${CALLS.join(",")}`];

/** A path that is not there; looking for it marks a place in the trace. */
const MARK = "/jobq-bench-mark";

const SYNCS = new Set(["fsync", "fdatasync"]);
const LOOKS = /^(stat|lstat|newfstatat|fstat|statx|access|faccessat2?|getdents(64)?|read|pread64|flock)$/;
const LINE = /^(\d+)\s+(\d+\.\d+) (?:(\w+)\(|<\.\.\. (\w+) resumed>)(.*)$/;

/** What was asked for in one go. */
export interface CallCounts {
  /** Calls that changed something, by their names; an `openat` that made a file is called `create`. */
  readonly changes: Map<string, number>;
  syncs: number;
  /** Calls that only looked, or that failed. */
  looks: number;
}

/** Whether strace is there and may be used; says so loudly where not. */
export async function canTrace(): Promise<boolean> {
  try {
    const { success, stderr } = await new Deno.Command("strace", {
      args: ["-qq", "-o", "/dev/null", "true"],
    }).output();
    if (success) return true;
    await notice(`system calls were NOT counted: strace fails: ${new TextDecoder().decode(stderr).trim()}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await notice("system calls were NOT counted: strace is not installed");
  }
  return false;
}

/** Does the work between two marks, for `countByMark`. */
export async function marked<T>(name: string, work: () => Promise<T>): Promise<T> {
  mark(`begin/${name}`);
  try {
    return await work();
  } finally {
    mark(`end/${name}`);
  }
}

/** Counts the calls on files below `root` in a trace of `STRACE`: one count for each piece of marked work, by its name. */
export function countByMark(trace: string, root: string): Map<string, CallCounts[]> {
  const counts = new Map<string, CallCounts[]>();
  let current: CallCounts | undefined;
  for (const { name, text } of callsOf(trace)) {
    const [, edge, work = ""] = /"\/jobq-bench-mark\/(begin|end)\/([^"]*)"/.exec(text) ?? [];
    if (edge === "begin") counts.set(work, [...counts.get(work) ?? [], current = newCounts()]);
    else if (edge === "end") current = undefined;
    else if (current !== undefined) add(current, { name, text, root });
  }
  return counts;
}

/** Counts all calls on files below `root`. */
export function countAll(trace: string, root: string): CallCounts {
  const counts = newCounts();
  for (const call of callsOf(trace)) add(counts, { ...call, root });
  return counts;
}

/** How many calls changed something. */
export function changesOf({ changes }: CallCounts): number {
  return changes.values().reduce((sum, count) => sum + count, 0);
}

function newCounts(): CallCounts {
  return { changes: new Map(), syncs: 0, looks: 0 };
}

function mark(name: string): void {
  try {
    Deno.lstatSync(`${MARK}/${name}`);
  } catch {
    // That is what it is for.
  }
}

/** The calls of a trace, each whole: one that was interrupted by another thread's is in two lines. */
function* callsOf(trace: string): Generator<{ readonly name: string; readonly text: string }> {
  const begun = new Map<string, string>();
  for (const line of trace.split("\n")) {
    const [, pid = "", , name, resumed, text = ""] = LINE.exec(line) ?? [];
    if (resumed !== undefined) {
      yield { name: resumed, text: `${begun.get(pid) ?? ""}${text}` };
    } else if (name !== undefined && text.endsWith("<unfinished ...>")) begun.set(pid, text);
    else if (name !== undefined) yield { name, text };
  }
}

function add(
  counts: CallCounts,
  { name, text, root }: { readonly name: string; readonly text: string; readonly root: string },
): void {
  if (!text.includes(`"${root}`) && !text.includes(`<${root}`)) return;
  const hasFailed = / = -1 /.test(text);
  const isOpen = name === "open" || name === "openat" || name === "creat";
  if (SYNCS.has(name)) counts.syncs++;
  else if (hasFailed || LOOKS.test(name) || (isOpen && !/O_CREAT|O_TRUNC/.test(text))) counts.looks++;
  else {
    const word = isOpen ? "create" : name.replace(/(at2?|64|v)$/, "");
    counts.changes.set(word, (counts.changes.get(word) ?? 0) + 1);
  }
}
