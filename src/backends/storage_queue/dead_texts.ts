import type { Failure } from "../../core/failure.ts";
import { deadLetterText, failureKeys, revivedText } from "../../core/wire/dead_letter_message.ts";
import { formatDocument } from "../../core/wire/format_document.ts";
import { isJsonObject, type JsonDocument, type JsonObject } from "../../core/wire/json_document.ts";
import { parseDocument } from "../../core/wire/parse_document.ts";
import type { TaskMessage } from "../../core/wire/task_message.ts";
import { decodeTask } from "../azure/message_job.ts";
import { fits } from "./stored_job.ts";

/** How many characters of a reason and of the last output are kept: as many as go into one message. */
const CUTS = [Infinity, 4_096, 256, 0];

/** The key under which a message that is no task keeps its text among the dead letters. */
const TEXT = "text";

/**
 * The text of a dead letter; of its reason as much as goes into a message.
 *
 * @param message what the text says, where it is a task
 */
export function fittingDeadLetter(text: string, message: TaskMessage | undefined, failure: Failure): string {
  for (const length of CUTS) {
    const cut = cutTo(failure, length);
    const dead = message === undefined ? rawDeadLetter(text, cut) : deadLetterText(message, cut);
    if (fits(dead)) return dead;
  }
  // As large as a message may be: then it goes there as it is, without the reason.
  return text;
}

function rawDeadLetter(text: string, failure: Failure): string {
  const wrapper = new Map<string, JsonDocument>();
  for (const [key, value] of failureKeys(failure)) if (value !== undefined) wrapper.set(key, value);
  return formatDocument(wrapper.set(TEXT, text));
}

function cutTo(failure: Failure, length: number): Failure {
  if (!Number.isFinite(length)) return failure;
  return {
    ...failure,
    message: failure.message.slice(0, Math.max(length, 60)),
    // The last lines say most.
    output: length === 0 ? undefined : failure.output?.slice(-length),
  };
}

/** What a dead letter's text holds: a task, or the text of a message that was none. */
export type DeadText =
  | { readonly kind: "task"; readonly message: TaskMessage; readonly fields: JsonObject }
  | { readonly kind: "raw"; readonly text: string; readonly fields: JsonObject };

export function readDeadText(text: string): DeadText {
  try {
    const message = decodeTask(text);
    return { kind: "task", message, fields: message.fields };
  } catch {
    const fields = readObject(text);
    const original = fields.get(TEXT);
    // Others may have put there an object of their own with such a key.
    return typeof original === "string" && fields.has("error") && fields.has("failed_at")
      ? { kind: "raw", text: original, fields }
      : { kind: "raw", text, fields: new Map() };
  }
}

/** The text with which a dead letter goes back. */
export function requeuedText(dead: DeadText): string {
  return dead.kind === "task" ? revivedText(dead.message) : dead.text;
}

function readObject(text: string): JsonObject {
  try {
    const document: JsonDocument = parseDocument(text);
    return isJsonObject(document) ? document : new Map();
  } catch {
    return new Map();
  }
}
