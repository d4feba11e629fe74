import { describeTask, type Job, type JobState } from "../../core/job.ts";
import { decodeJobMessage, type MessageJob } from "../../core/wire/job_message.ts";
import { decodeTaskMessage, type TaskMessage } from "../../core/wire/task_message.ts";
import { md5 } from "./md5.ts";

/** @throws {WireError} when the text is not a task */
export function decodeTask(text: string): TaskMessage {
  return decodeTaskMessage(text, { md5 });
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
  return {
    ...job,
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
