import type { CheckName, CheckResult } from "./check.ts";

/** What a queue in the directory promises of its jobs. */
export type Guarantee = "exactly-one-at-a-time" | "at-least-once" | "not-usable";

/** The promise, and what it rests on or what is missing. */
export interface Judgement {
  readonly guarantee: Guarantee;
  readonly reason: string;
}

/** Draws the conclusion from what the checks found. */
export function judge(results: readonly CheckResult[]): Judgement {
  const failed = (name: CheckName) => results.find((result) => result.name === name)?.verdict === "no";
  const unusable = (reason: string): Judgement => ({ guarantee: "not-usable", reason });
  if (failed("rename")) {
    return unusable("a rename does not give a job to one worker alone");
  }
  if (failed("visibility")) {
    return unusable("workers do not see what others change");
  }
  const filesystem = results.find(({ name }) => name === "filesystem")?.values;
  const localLocks = filesystem?.["local_locks"];
  const weak = failed("lock")
    ? "locks are not honoured"
    : failed("exclusive_create")
    ? "a name can be made twice"
    : typeof localLocks === "string"
    ? localLocks
    : undefined;
  if (weak === undefined) {
    return {
      guarantee: "exactly-one-at-a-time",
      reason: "the jobs of a worker that dies are taken back as soon as its lock is free" +
        (filesystem?.["shared_between_hosts"] === true ? "; as seen from this host alone" : ""),
    };
  }
  if (failed("clock")) {
    return unusable(`${weak}, and there is no clock by which leases could end`);
  }
  return {
    guarantee: "at-least-once",
    reason:
      `${weak}; the jobs of a worker that dies come back when its lease ends, and a job runs twice at the same time ` +
      "only when its worker was stopped for longer than its lease",
  };
}
