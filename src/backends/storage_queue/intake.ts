import type { ReceivedMessageItem } from "@azure/storage-queue";
import { errorMessage } from "../../core/errors.ts";
import type { Failure } from "../../core/failure.ts";
import { MAX_LOST_LEASES, poisonFailure } from "../../core/queue.ts";
import { type Deliveries, noteDeliveries, readDeliveries } from "../../core/wire/deliveries.ts";
import { decodeJobMessage } from "../../core/wire/job_message.ts";
import type { TaskMessage } from "../../core/wire/task_message.ts";
import { WireError } from "../../core/wire/wire_error.ts";
import { assertCanRun } from "../azure/assert_can_run.ts";
import { fittingDeadLetter } from "./dead_texts.ts";
import { HeldMessage } from "./held_message.ts";
import { MessageLease, type Places } from "./message_lease.ts";
import { MessageGoneError } from "./queue_calls.ts";
import { blobOf, mergeSpilled } from "./spilled.ts";
import { decodeTask, jobOf } from "../azure/message_job.ts";
import { fittingRewrite } from "./stored_job.ts";

export interface IntakeOptions {
  readonly leaseMs: number;
  /** When the messages were asked for, ms since the epoch. */
  readonly askedAt: number;
  readonly workerId?: string;
}

/** A message whose job could not be got comes back after this, in ms. */
const TROUBLE_MS = 2_000;

/**
 * Makes a lease of a message that was received. What cannot be one goes to the dead letters, with the reason; a message
 * that meanwhile belongs to somebody else is left alone.
 *
 * @throws {BackendError} when the queue, or the blob with the job, cannot be reached: the message comes back
 */
export async function takeIn(
  item: ReceivedMessageItem,
  places: Places,
  options: IntakeOptions,
): Promise<MessageLease | undefined> {
  const held = new HeldMessage({
    messages: places.messages,
    receipt: { messageId: item.messageId, popReceipt: item.popReceipt },
    expiresAt: Math.floor(options.askedAt + options.leaseMs),
    clock: places.clock,
  });
  const intake: Intake = { item, held, places, options };
  try {
    const message = readTask(item.messageText);
    return await (message instanceof WireError
      ? bury(intake, `message ${item.messageId}`, { reason: `the message is no job: ${message.message}` })
      : takeTask(message, intake));
  } catch (error) {
    if (error instanceof MessageGoneError) return undefined;
    throw error;
  }
}

interface Intake {
  readonly item: ReceivedMessageItem;
  readonly held: HeldMessage;
  readonly places: Places;
  readonly options: IntakeOptions;
}

function readTask(text: string): TaskMessage | WireError {
  try {
    return decodeTask(text);
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
}

async function takeTask(message: TaskMessage, intake: Intake): Promise<MessageLease | undefined> {
  const { item, held } = intake;
  const before = readDeliveries(message.fields, item.dequeueCount);
  try {
    return await leaseOf(message, before, intake);
  } catch (error) {
    if (error instanceof WireError) {
      return await bury(intake, `job ${message.id}`, { reason: errorMessage(error), message });
    }
    if (error instanceof MessageGoneError) throw error;
    // That its job could not be got is no fault of it, and its worker not lost.
    const text = fittingRewrite(message, [noteDeliveries(item.dequeueCount, before.lost)]);
    await held.giveBack(TROUBLE_MS, text).catch(() => {});
    throw error;
  }
}

/** @throws {WireError} when no worker can run it */
async function leaseOf(
  message: TaskMessage,
  { lost, isNoted }: Deliveries,
  { item, held, places, options: { leaseMs } }: Intake,
): Promise<MessageLease> {
  if (lost >= MAX_LOST_LEASES) throw new WireError(poisonFailure(lost, places.clock.now()).message);
  const job = decodeJobMessage(await wholeTask(message, places, leaseMs));
  assertCanRun(job);
  if (!isNoted) {
    // That an earlier delivery was lost: the next worker could not know.
    const text = fittingRewrite(message, [noteDeliveries(item.dequeueCount - 1, lost)]);
    if (text !== undefined) await held.keep(leaseMs, { text });
  }
  return new MessageLease(places, {
    held,
    text: item.messageText,
    message,
    job: jobOf(message.id, job, { facts: item, state: "running", visibleAt: held.expiresAt }),
    deliveries: item.dequeueCount,
    lost,
  });
}

/** @throws {WireError} when the task lies in a blob that is not there any more, or holds something else */
async function wholeTask(
  message: TaskMessage,
  { payloads }: Places,
  leaseMs: number,
): Promise<TaskMessage> {
  const blob = blobOf(message);
  if (blob === undefined) return message;
  const what = `its payload, the blob jobq-payloads/${blob},`;
  // Meanwhile nobody renews the lease, nor those of the messages that came with it.
  const payload = await payloads.get(blob, leaseMs / 3);
  if (payload === undefined) {
    throw new WireError(
      `${what} is not there any more: it was removed, or the same message was there twice and the other one is done`,
    );
  }
  const task = readTask(payload);
  if (task instanceof WireError) throw new WireError(`${what} holds no job: ${task.message}`);
  return mergeSpilled(message, task);
}

async function bury(
  { item, held, places, options: { workerId } }: Intake,
  what: string,
  { reason, message }: { reason: string; message?: TaskMessage },
): Promise<undefined> {
  const { clock, failed, log } = places;
  const failure: Failure = { kind: "poison", message: reason, workerId, at: clock.now() };
  log.warn(`${what} goes to the dead letters: ${reason}`);
  await held.replaceBy(fittingDeadLetter(item.messageText, message, failure), failed);
}
