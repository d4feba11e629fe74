import { formatDuration } from "../../core/duration.ts";
import type { Outcome } from "../../core/outcome.ts";

/** What a gate said. */
export type GateAnswer =
  | { readonly kind: "passed" }
  | {
    readonly kind: "refused";
    /** One sentence for people, fit for any log: it holds nothing that the gate printed. */
    readonly reason: string;
    /** The last line that the gate printed, of at most 200 characters; it may quote the gate's command. */
    readonly lastLine?: string;
  };

const MAX_LINE_LENGTH = 200;

/** What an execution of a gate means; undefined when it was stopped before it could say anything. */
export function answerOf(outcome: Outcome): GateAnswer | undefined {
  switch (outcome.kind) {
    case "succeeded":
      return { kind: "passed" };
    case "failed":
      return refusal(outcome.error, outcome.output);
    case "timed-out":
      return refusal(`took longer than ${formatDuration(outcome.timeoutMs)}`, outcome.output);
    case "cancelled":
    case "interrupted":
    case "gated":
      return undefined;
    default:
      return outcome satisfies never;
  }
}

function refusal(reason: string, output: string | undefined): GateAnswer {
  const lastLine = output?.split("\n").findLast((line) => line.trim() !== "")?.trim();
  return { kind: "refused", reason, lastLine: lastLine && cut(lastLine) };
}

function cut(line: string): string {
  if (line.length <= MAX_LINE_LENGTH) return line;
  // The end may be the first half of a character.
  return `${line.slice(0, MAX_LINE_LENGTH - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
