import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { Clock } from "../../core/clock.ts";
import type { CallOptions, DeadLetter, DeadLetters, DeadLetterSelection } from "../../core/queue.ts";
import { eachOf } from "../azure/each_of.ts";
import { newMessageId } from "../azure/job_encoding.ts";
import { failureOf } from "./dead_letter_note.ts";
import { copyOf, HeldMessage } from "./held_message.ts";
import type { LockTimes } from "./lock_times.ts";
import { LockLostError, type ServiceQueue } from "./service_queue.ts";
import { idOf, shownJob } from "./shown_job.ts";

export interface BusDeadLettersOptions {
  readonly queue: ServiceQueue;
  readonly lockTimes: LockTimes;
  readonly clock: Clock;
}

/** How many dead letters are taken at a time. */
const TAKEN = 100;
/** How long the first of them may take to come, in ms, when there is one. */
const PATIENCE_MS = 1_000;

/** The messages of the dead-letter sub-queue, whoever put them there. */
export class BusDeadLetters implements DeadLetters {
  readonly #options: BusDeadLettersOptions;

  constructor(options: BusDeadLettersOptions) {
    this.#options = options;
  }

  async list(
    { limit = Infinity, signal }: CallOptions & { limit?: number } = {},
  ): Promise<readonly DeadLetter[]> {
    const letters: DeadLetter[] = [];
    for await (const message of this.#options.queue.peekAll("dead", signal)) {
      letters.push({ job: shownJob(message, "failed"), failure: failureOf(message) });
    }
    return letters.sort((a, b) => a.failure.at - b.failure.at).slice(0, limit);
  }

  async requeue(which: DeadLetterSelection): Promise<number> {
    const { queue } = this.#options;
    // Put back before it is removed here: a crash in between leaves it twice, never nowhere. The service remembers the
    // ids of messages that it had, so that it takes a copy only under a new one.
    return await this.#forEach(which, async ({ received }) => {
      await queue.send(copyOf(received.message, { messageId: newMessageId() }));
    });
  }

  async purge(which: DeadLetterSelection): Promise<number> {
    return await this.#forEach(which, () => Promise.resolve());
  }

  /** Removes those that are meant, after `work` on each; answers how many. */
  async #forEach(which: DeadLetterSelection, work: (held: HeldMessage) => Promise<void>): Promise<number> {
    const { queue } = this.#options;
    const meant = await this.#numbersOf(which);
    const held = new Set<HeldMessage>();
    let count = 0;
    try {
      while (meant.size > 0) {
        const taken = await queue.receive("dead", { max: TAKEN, waitMs: PATIENCE_MS });
        if (taken.length === 0) break;
        const all = taken.map((received) => new HeldMessage({ ...this.#options, received }));
        for (const each of all) held.add(each);
        await eachOf(
          all.filter(({ received }) => meant.delete(numberOf(received.message))),
          async (chosen) => {
            await work(chosen);
            if (await chosen.complete().then(() => true, falseIfLost)) count++;
            held.delete(chosen);
          },
        );
      }
    } finally {
      await eachOf([...held], async (each) => void await each.giveBack({}).catch(falseIfLost));
    }
    return count;
  }

  /** The numbers of the messages that are meant: only these are touched, not what comes meanwhile. */
  async #numbersOf(which: DeadLetterSelection): Promise<Set<string>> {
    const numbers = new Set<string>();
    for await (const message of this.#options.queue.peekAll("dead")) {
      if (which === "all" || which.includes(idOf(message))) numbers.add(numberOf(message));
    }
    return numbers;
  }
}

function numberOf({ sequenceNumber }: ServiceBusReceivedMessage): string {
  return sequenceNumber?.toString() ?? "";
}

/** What somebody else has taken is theirs. */
function falseIfLost(error: unknown): false {
  if (!(error instanceof LockLostError)) throw error;
  return false;
}
