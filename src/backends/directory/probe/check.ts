import type { Logger } from "../../../log/logger.ts";
import type { FileOperations } from "./file_operations.ts";
import type { OtherProcess } from "./other_process.ts";
import type { Side } from "./side.ts";

/** How good what was found is: `warn` is worth knowing, `slow` works but takes its time, `no` does not hold. */
export type Verdict = "ok" | "warn" | "slow" | "no";

/** What a check found: a sentence for people, and the numbers behind it with their units in their names. */
export interface Finding {
  readonly verdict: Verdict;
  readonly found: string;
  readonly values?: Readonly<Record<string, string | number | boolean | undefined>>;
}

/** What a check works with. */
export interface Scene {
  /** An empty directory for this check alone, absolute. */
  readonly directory: string;
  /** The directory that is asked about or, when it does not exist yet, its parent; absolute, without symbolic links. */
  readonly place: string;
  readonly files: FileOperations;
  readonly here: Side;
  readonly there: OtherProcess;
  readonly log: Logger;
  /** Aborts when the check has to end. */
  readonly signal: AbortSignal;
}

/** One question to a filesystem. */
export interface Check {
  readonly name: CheckName;
  /** What people call it, for the table. */
  readonly title: string;
  /** It has failed when it takes longer. */
  readonly limitMs: number;
  readonly run: (scene: Scene) => Promise<Finding>;
}

export type CheckName =
  | "filesystem"
  | "exclusive_create"
  | "rename"
  | "hard_link"
  | "lock"
  | "visibility"
  | "clock"
  | "fsync";

/** What a check found, with its name. */
export interface CheckResult extends Finding {
  readonly name: CheckName;
  readonly title: string;
}
