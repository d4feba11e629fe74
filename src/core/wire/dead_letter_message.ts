import type { Failure } from "../failure.ts";
import { NO_DELIVERIES } from "./deliveries.ts";
import { type JsonDocument, jsonNumber, type JsonObject, wholeNumberOf } from "./json_document.ts";
import { rewriteTaskMessage, type TaskMessage } from "./task_message.ts";

const FAILURE_KEYS = ["error", "reason", "failed_at", "worker_id", "exit_code", "signal", "output"];
const KINDS: readonly Failure["kind"][] = ["failed", "timed-out", "poison", "cancelled"];

/** The text of a task that is given up, with the reason beside its own keys; the last attempt counts. */
export function deadLetterText(message: TaskMessage, failure: Failure): string {
  const attempts = Math.max(0, wholeNumberOf(message.fields.get("attempts")) ?? 0) + 1;
  return rewriteTaskMessage(
    message,
    new Map<string, JsonDocument | undefined>([
      ...NO_DELIVERIES,
      ...failureKeys(failure),
      ["attempts", jsonNumber(attempts)],
    ]),
  );
}

/** The text with which a dead letter goes back, with all the attempts that its job had. */
export function revivedText(message: TaskMessage): string {
  const { fields, numRetries } = message;
  // The Python tool does not count attempts; what it gave up has the retries that it is left with.
  const attempts = wholeNumberOf(fields.get("attempts")) ?? 1;
  const had = Math.max(0, attempts) + Math.max(0, numRetries);
  return rewriteTaskMessage(
    message,
    new Map<string, JsonDocument | undefined>([
      ...NO_DELIVERIES,
      ...FAILURE_KEYS.map((key) => [key, undefined] as const),
      ["attempts", undefined],
      ["num_retries", jsonNumber(Math.max(0, had - 1))],
    ]),
  );
}

/** The keys that tell a failure; those that it does not have are undefined. */
export function failureKeys(failure: Failure): ReadonlyMap<string, JsonDocument | undefined> {
  const { kind, message, exitCode, signal, output, workerId, at } = failure;
  return new Map<string, JsonDocument | undefined>([
    ["error", message],
    ["reason", kind === "failed" ? undefined : kind],
    ["failed_at", new Date(at).toISOString()],
    ["worker_id", workerId],
    ["exit_code", exitCode === undefined ? undefined : jsonNumber(exitCode)],
    ["signal", signal],
    ["output", output],
  ]);
}

/** Why a task was given up, as far as its message says so. @param otherwiseAt the time where it tells none, ms since the epoch */
export function readFailure(fields: JsonObject, otherwiseAt: number): Failure {
  const text = (key: string) => {
    const value = fields.get(key);
    return typeof value === "string" ? value : undefined;
  };
  const at = Date.parse(text("failed_at") ?? "");
  return {
    kind: KINDS.find((kind) => kind === text("reason")) ?? "failed",
    message: text("error") ?? "the reason was not recorded",
    exitCode: wholeNumberOf(fields.get("exit_code")),
    signal: text("signal"),
    output: text("output"),
    workerId: text("worker_id"),
    at: Number.isNaN(at) ? otherwiseAt : at,
  };
}
