import type { JsonDocument } from "../../core/wire/json_document.ts";
import { rewriteTaskMessage, type TaskMessage } from "../../core/wire/task_message.ts";

/** The service's limit of a message: https://learn.microsoft.com/azure/storage/queues/scalability-targets */
export const MAX_MESSAGE_BYTES = 64 * 1024;

const encoder = new TextEncoder();

/** Whether the service takes the text as a message, which travels as XML. */
export function fits(text: string): boolean {
  return messageBytes(text) <= MAX_MESSAGE_BYTES;
}

/** The size of a text as a message, in bytes. */
export function messageBytes(text: string): number {
  // Most texts are far from the limit: `&` becomes `&amp;`, and a UTF-16 unit at most three bytes.
  if (text.length * 5 <= MAX_MESSAGE_BYTES) return text.length;
  return encoder.encode(text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")).length;
}

/** The message with the first of these changes that leaves it small enough; undefined where none does. */
export function fittingRewrite(
  message: TaskMessage,
  choices: readonly ReadonlyMap<string, JsonDocument | undefined>[],
): string | undefined {
  for (const changes of choices) {
    const text = rewriteTaskMessage(message, changes);
    if (fits(text)) return text;
  }
}
