import { type JsonDocument, jsonNumber, type JsonObject, wholeNumberOf } from "./json_document.ts";

/**
 * A service counts how often it handed a message out, but not how that ended: a worker that gave the job back looks
 * like one that died. So jobq notes with the message, when it settles one, how many deliveries are accounted for. The
 * Python tool drops the note whenever it puts a task back: of what happened before, only one delivery is then taken as
 * lost, so that a job is never called poison for having been given back by Python workers.
 */
export interface Deliveries {
  /** How many of them were lost: their workers were not heard of again. */
  readonly lost: number;
  /** Whether the message says so itself. */
  readonly isNoted: boolean;
}

/** What is known of the deliveries before this one. @param count how often the message was handed out, this time included */
export function readDeliveries(fields: JsonObject, count: number): Deliveries {
  const settled = wholeNumberOf(fields.get("deliveries"));
  const lost = wholeNumberOf(fields.get("lost")) ?? 0;
  // A note of more deliveries than there were is one of another message, from which this one was copied.
  if (settled !== undefined && settled >= 0 && settled < count) {
    return { lost: Math.max(0, lost) + count - 1 - settled, isNoted: true };
  }
  return { lost: Math.min(1, count - 1), isNoted: count === 1 };
}

/** The note, as changes of a message's keys. @param settled how many deliveries are accounted for */
export function noteDeliveries(settled: number, lost: number): ReadonlyMap<string, JsonDocument | undefined> {
  return new Map([
    ["deliveries", jsonNumber(settled)],
    ["lost", lost > 0 ? jsonNumber(lost) : undefined],
  ]);
}

/** Takes the note away. */
export const NO_DELIVERIES: ReadonlyMap<string, undefined> = new Map([
  ["deliveries", undefined],
  ["lost", undefined],
]);
