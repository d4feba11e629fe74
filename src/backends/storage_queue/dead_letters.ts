import { QueueNotFoundError } from "../../core/errors.ts";
import type { JobId } from "../../core/job.ts";
import type { CallOptions, DeadLetter, DeadLetters, DeadLetterSelection } from "../../core/queue.ts";
import { readFailure } from "../../core/wire/dead_letter_message.ts";
import { type DeadText, readDeadText, requeuedText } from "./dead_texts.ts";
import { MAX_BATCH, type MessageQueue } from "./message_queue.ts";
import type { Payloads } from "./payloads.ts";
import { blobOf } from "./spilled.ts";
import { jobForDisplay, type MessageFacts } from "../azure/message_job.ts";
import { visitAll } from "./visit.ts";

export interface DeadLettersOptions {
  /** Where dead letters go back to. */
  readonly messages: MessageQueue;
  /** The queue `<queue>-failed`, which may not exist: then there are none. */
  readonly failed: MessageQueue;
  readonly payloads: Payloads;
}

type FoundMessage = MessageFacts & { readonly messageText: string; readonly messageId: string };

/** The messages of `<queue>-failed`, whoever put them there. */
export class StorageDeadLetters implements DeadLetters {
  readonly #options: DeadLettersOptions;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  async list(
    { limit = Infinity, signal }: CallOptions & { limit?: number } = {},
  ): Promise<readonly DeadLetter[]> {
    const { failed } = this.#options;
    const found: FoundMessage[] = [];
    const count = await countOrNone(failed, signal);
    if (count === 0) return [];
    // A peek disturbs nobody, but shows no more than these.
    if (Math.min(limit, count) <= MAX_BATCH) found.push(...await failed.peek(MAX_BATCH, signal));
    else await visitAll(failed, (item) => (found.push(item), "keep"));
    return found.map(deadLetterOf).sort((a, b) => a.failure.at - b.failure.at).slice(0, limit);
  }

  async requeue(which: DeadLetterSelection): Promise<number> {
    const { messages } = this.#options;
    // Put back before it is removed here: a crash in between leaves it twice, never nowhere.
    return await this.#forEach(which, (dead) => messages.send(requeuedText(dead)));
  }

  async purge(which: DeadLetterSelection): Promise<number> {
    const { payloads } = this.#options;
    return await this.#forEach(which, (dead) => removePayload(dead, payloads));
  }

  /** Removes those that are meant, after `work` on each; answers how many. */
  async #forEach(which: DeadLetterSelection, work: (dead: DeadText) => Promise<unknown>): Promise<number> {
    const { failed } = this.#options;
    if (await countOrNone(failed) === 0) return 0;
    const isMeant = which === "all" ? () => true : (id: JobId) => which.includes(id);
    let count = 0;
    await visitAll(failed, async (item) => {
      const dead = readDeadText(item.messageText);
      if (!isMeant(dead.kind === "task" ? dead.message.id : item.messageId)) return "keep";
      await work(dead);
      count++;
      return "remove";
    });
    return count;
  }
}

function deadLetterOf(item: FoundMessage): DeadLetter {
  const dead = readDeadText(item.messageText);
  const job = jobForDisplay(dead.kind === "task" ? item : { ...item, messageText: dead.text }, "failed");
  return {
    // The last attempt is among those that counted.
    job: { ...job, maxAttempts: Math.max(1, job.maxAttempts - Math.min(1, job.attempts)) },
    failure: readFailure(dead.fields, item.insertedOn.getTime()),
  };
}

/** Removes the payload of a message that goes for good, if it has one. */
export async function removePayload(text: DeadText, payloads: Payloads): Promise<void> {
  const blob = text.kind === "task" ? blobOf(text.message) : undefined;
  if (blob !== undefined) await payloads.remove(blob);
}

/** How many messages a queue has: none where there is no queue. */
export async function countOrNone(messages: MessageQueue, signal?: AbortSignal): Promise<number> {
  try {
    return await messages.count(signal);
  } catch (error) {
    if (error instanceof QueueNotFoundError) return 0;
    throw error;
  }
}
