import type { AttemptReport } from "./attempt.ts";

/** What became of the jobs that a worker ran. */
export interface WorkerCounts {
  readonly completed: number;
  /** Attempts that failed, whether they are repeated or not. */
  readonly failed: number;
  /** Jobs that were stopped because somebody cancelled them. */
  readonly cancelled: number;
  /** Jobs given back unfinished. */
  readonly released: number;
  /** Jobs that became somebody else's, or whose end could not be told. */
  readonly lost: number;
}

/** Counts what a worker's attempts come to. */
export class Tally {
  readonly #counts = { completed: 0, failed: 0, cancelled: 0, released: 0, lost: 0 };
  readonly #failuresInARow = new Map<number, number>();
  readonly #awaitsRefused: boolean;
  #returnsDueAt = 0;

  /** @param awaitsRefused whether the worker stays for jobs that their gates refused, which may let it in later */
  constructor({ awaitsRefused }: { awaitsRefused: boolean }) {
    this.#awaitsRefused = awaitsRefused;
  }

  get counts(): WorkerCounts {
    return { ...this.#counts };
  }

  /** When the last job that this worker gave back for later is due, ms since the epoch: it does not leave before. */
  get returnsDueAt(): number {
    return this.#returnsDueAt;
  }

  /** Takes note of an attempt's end; answers how many failures in a row its slot has. */
  record(report: AttemptReport, { slot, now }: { slot: number; now: number }): number {
    const before = this.#failuresInARow.get(slot) ?? 0;
    const after = this.#failuresAfter(report, { before, now });
    this.#failuresInARow.set(slot, after);
    return after;
  }

  #failuresAfter(report: AttemptReport, { before, now }: { before: number; now: number }): number {
    if (report.kind !== "settled") {
      this.#counts[report.kind === "not-run" ? "released" : "lost"]++;
      return before;
    }
    const { outcome, settlement } = report;
    switch (outcome.kind) {
      case "succeeded":
        this.#counts.completed++;
        return 0;
      case "failed":
      case "timed-out":
        this.#counts.failed++;
        if (settlement.kind === "retry") {
          this.#awaitReturn(now + settlement.delayMs);
        }
        return before + 1;
      case "cancelled":
        this.#counts.cancelled++;
        return before;
      case "interrupted":
      case "gated":
        this.#counts.released++;
        if (settlement.kind === "refuse" && this.#awaitsRefused) this.#awaitReturn(now + settlement.delayMs);
        return before;
      default:
        return outcome satisfies never;
    }
  }

  #awaitReturn(dueAt: number): void {
    this.#returnsDueAt = Math.max(this.#returnsDueAt, dueAt);
  }
}
