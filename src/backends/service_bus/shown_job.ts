import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { Job, JobState } from "../../core/job.ts";
import { jobForDisplay } from "../azure/message_job.ts";
import { textForDisplay } from "./message_text.ts";
import { readNotes } from "./notes.ts";

/** The job of a message that is looked at; a message that is no job is shown as such. */
export function shownJob(message: ServiceBusReceivedMessage, state: JobState): Job {
  const { body, messageId, enqueuedTimeUtc, scheduledEnqueueTimeUtc } = message;
  const { attempts, executions } = readNotes(message);
  const job = jobForDisplay({
    messageText: textForDisplay(body),
    messageId: String(messageId ?? ""),
    insertedOn: enqueuedTimeUtc ?? new Date(0),
    dequeueCount: executions,
  }, state);
  const visibleAt = message.state === "scheduled" ? scheduledEnqueueTimeUtc?.getTime() : undefined;
  return { ...job, attempts, visibleAt };
}

/** How people call a message: by its job's id, or by its own where it is no job. */
export function idOf(message: ServiceBusReceivedMessage): string {
  return shownJob(message, "failed").id;
}
