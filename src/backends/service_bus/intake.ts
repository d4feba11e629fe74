import type { Clock } from "../../core/clock.ts";
import { errorMessage } from "../../core/errors.ts";
import type { Failure } from "../../core/failure.ts";
import { MAX_LOST_LEASES, poisonFailure } from "../../core/queue.ts";
import { decodeJobMessage } from "../../core/wire/job_message.ts";
import type { TaskMessage } from "../../core/wire/task_message.ts";
import { WireError } from "../../core/wire/wire_error.ts";
import type { Logger } from "../../log/logger.ts";
import { assertCanRun } from "../azure/assert_can_run.ts";
import { decodeTask, jobOf } from "../azure/message_job.ts";
import { BusLease } from "./bus_lease.ts";
import { deadLetterNote } from "./dead_letter_note.ts";
import { HeldMessage } from "./held_message.ts";
import type { LockTimes } from "./lock_times.ts";
import { textOf } from "./message_text.ts";
import { notesOfReturn, readNotes } from "./notes.ts";
import { LockLostError, type Received, type ServiceQueue } from "./service_queue.ts";

/** What messages are taken in with. */
export interface IntakeOptions {
  readonly queue: ServiceQueue;
  readonly lockTimes: LockTimes;
  readonly clock: Clock;
  readonly log: Logger;
  readonly workerId?: string;
}

/**
 * Makes a lease of a message that was received. What cannot be one goes to the dead letters, with the reason; a message
 * that meanwhile belongs to somebody else is left alone.
 *
 * @throws {BackendError} when the queue cannot be reached: the message comes back when its lock has ended
 */
export async function takeIn(received: Received, options: IntakeOptions): Promise<BusLease | undefined> {
  const held = new HeldMessage({ ...options, received });
  try {
    const task = readTask(received);
    if (task instanceof WireError) {
      const what = `message ${received.message.messageId}`;
      return await bury(held, options, { what, reason: `the message is no job: ${task.message}` });
    }
    try {
      return leaseOf(task, held, options);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return await bury(held, options, { what: `job ${task.id}`, reason: error.message });
    }
  } catch (error) {
    if (error instanceof LockLostError) return undefined;
    throw error;
  }
}

function readTask({ message }: Received): TaskMessage | WireError {
  try {
    return decodeTask(textOf(message.body));
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
}

/** @throws {WireError} when no worker can run it */
function leaseOf(task: TaskMessage, held: HeldMessage, { clock, log }: IntakeOptions): BusLease {
  const { message } = held.received;
  const notes = readNotes(message);
  const said = decodeJobMessage(task);
  // A Python worker lets the lock of a job that failed just end, which looks the same: that is for each retry one.
  if (notes.lost >= MAX_LOST_LEASES + said.maxAttempts - 1) {
    throw new WireError(poisonFailure(notes.lost, clock.now()).message);
  }
  assertCanRun(said);
  const facts = { insertedOn: message.enqueuedTimeUtc ?? new Date(0), dequeueCount: notes.executions + 1 };
  const job = jobOf(task.id, { ...said, attempts: notes.attempts }, {
    facts,
    state: "running",
    visibleAt: held.expiresAt,
  });
  return new BusLease({ held, job, notes, clock, log });
}

async function bury(
  held: HeldMessage,
  { clock, log, workerId }: IntakeOptions,
  { what, reason }: { what: string; reason: string },
): Promise<undefined> {
  const failure: Failure = { kind: "poison", message: reason, workerId, at: clock.now() };
  log.warn(`${what} goes to the dead letters: ${errorMessage(reason)}`);
  const { message } = held.received;
  const notes = readNotes(message);
  await held.bury(deadLetterNote(failure, notes, notesOfReturn(notes, message.deliveryCount ?? 0)));
}
