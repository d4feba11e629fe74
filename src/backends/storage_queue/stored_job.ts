import { describeTask, type Job, type JobState } from "../../core/job.ts";
import { decodeJobMessage, type MessageJob } from "../../core/wire/job_message.ts";
import type { JsonDocument } from "../../core/wire/json_document.ts";
import { decodeTaskMessage, rewriteTaskMessage, type TaskMessage } from "../../core/wire/task_message.ts";
import { md5 } from "../azure/md5.ts";

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

/** @throws {WireError} when the text is not a task */
export function decodeTask(text: string): TaskMessage {
  return decodeTaskMessage(text, { md5 });
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

/** What the service tells of a message beside its text. */
export interface MessageFacts {
  readonly insertedOn: Date;
  /** How often it was handed out. */
  readonly dequeueCount: number;
}

/** The job of a message. */
export function jobOf(
  id: string,
  job: MessageJob,
  { facts, state, visibleAt }: { facts: MessageFacts; state: JobState; visibleAt?: number },
): Job {
  const { gateCommand: _, ...said } = job;
  return {
    ...said,
    id,
    state,
    executions: facts.dequeueCount,
    priority: 0,
    hasParents: false,
    createdAt: facts.insertedOn.getTime(),
    visibleAt,
  };
}

/** As `jobOf`, for people: a message that is no job is shown as such instead of failing the whole list. */
export function jobForDisplay(
  { messageText, messageId, ...facts }: MessageFacts & { messageText: string; messageId: string },
  state: JobState,
): Job {
  let id = messageId;
  try {
    const message = decodeTask(messageText);
    id = message.id;
    return jobOf(id, decodeJobMessage(message), { facts, state });
  } catch {
    const command = `(not a job: ${describeTask({ kind: "shell", command: messageText }, 60)})`;
    const job = { task: { kind: "shell", command }, env: {}, maxAttempts: 1, attempts: 0 } as const;
    return jobOf(id, job, { facts, state });
  }
}
