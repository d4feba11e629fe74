import type { Clock } from "../../core/clock.ts";
import type { MessageQueue, Receipt } from "./message_queue.ts";
import { MessageGoneError, type Patience } from "./queue_calls.ts";

export interface HeldMessageOptions {
  readonly messages: MessageQueue;
  readonly receipt: Receipt;
  /** Until when nobody else can take it, ms since the epoch. */
  readonly expiresAt: number;
  readonly clock: Clock;
}

/**
 * A message that we received. Each call needs the receipt that the one before it got, so they wait for each other; and
 * what a lost answer leaves open, the next call finds out.
 */
export class HeldMessage {
  readonly #messages: MessageQueue;
  readonly #clock: Clock;
  #receipt: Receipt;
  #expiresAt: number;
  #state: "held" | "settled" | "gone" = "held";
  /** A settlement was sent and may have been done, although no answer said so. */
  #inDoubt = false;
  /** The copy among the dead letters, while the message itself is still there. */
  #copy: Receipt | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ messages, receipt, expiresAt, clock }: HeldMessageOptions) {
    this.#messages = messages;
    this.#clock = clock;
    this.#receipt = receipt;
    this.#expiresAt = expiresAt;
  }

  /** Until when nobody else can take it, ms since the epoch. */
  get expiresAt(): number {
    return this.#expiresAt;
  }

  get isSettled(): boolean {
    return this.#state === "settled";
  }

  /** Keeps it for so long from now, with another text if one is given. @throws {MessageGoneError} */
  async keep(
    leaseMs: number,
    { text, patience }: { text?: string; patience?: Patience } = {},
  ): Promise<void> {
    await this.#inTurn(async () => {
      const sentAt = this.#clock.now();
      try {
        this.#receipt = await this.#messages.update(this.#receipt, { text, visibleInMs: leaseMs, patience });
        this.#expiresAt = Math.floor(sentAt + leaseMs);
        this.#inDoubt = false;
      } catch (error) {
        // As it seems, it is settled: whoever repeats the settlement will learn that.
        if (!(error instanceof MessageGoneError && this.#inDoubt)) throw error;
      }
    });
  }

  /** Makes it visible to all after the delay, with another text if one is given. @throws {MessageGoneError} */
  async giveBack(delayMs: number, text?: string): Promise<void> {
    await this.#settle({
      work: (onDoubt) => this.#messages.update(this.#receipt, { text, visibleInMs: delayMs, onDoubt }),
      // Whether it is still there tells nothing: others may have taken and finished it since.
      isDone: () => true,
    });
  }

  /** Removes it for good. @throws {MessageGoneError} */
  async remove(): Promise<void> {
    await this.#settle({
      work: (onDoubt) => this.#messages.delete(this.#receipt, { onDoubt }),
      isDone: ({ isThere }) => !isThere,
    });
  }

  /**
   * Puts a text among the dead letters in its stead. Copied first: a crash in between leaves it twice, never nowhere.
   *
   * @throws {MessageGoneError} and then takes the copy away again
   */
  async replaceBy(text: string, failed: MessageQueue): Promise<void> {
    try {
      await this.#settle({
        work: async (onDoubt) => {
          this.#copy ??= await failed.send(text);
          await this.#messages.delete(this.#receipt, { onDoubt });
        },
        isDone: ({ isThere }) => !isThere,
      });
    } catch (error) {
      if (error instanceof MessageGoneError && this.#copy !== undefined) {
        await failed.delete(this.#copy).catch(() => {});
      }
      throw error;
    }
    this.#copy = undefined;
  }

  async #settle({ work, isDone }: {
    work: (onDoubt: () => void) => Promise<unknown>;
    /** Whether a message that is gone, and not taken by others before, is so by this settlement. */
    isDone: (gone: MessageGoneError) => boolean;
  }): Promise<void> {
    await this.#inTurn(async () => {
      try {
        await work(() => this.#inDoubt = true);
      } catch (error) {
        if (!(error instanceof MessageGoneError && this.#isOurDoing() && isDone(error))) throw error;
      }
      this.#state = "settled";
    });
  }

  /**
   * Whether it may be gone by our own settlement. While nobody else can have taken it, it is: through an HTTP proxy (see
   * `singleSend`) Deno sends a request again when the connection breaks, unasked and unseen.
   */
  #isOurDoing(): boolean {
    return this.#inDoubt || this.#clock.now() < this.#expiresAt;
  }

  /** Makes a call when the one before it has been answered. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(async () => {
      if (this.#state !== "held") throw new MessageGoneError(false);
      try {
        await work();
      } catch (error) {
        if (error instanceof MessageGoneError) this.#state = "gone";
        throw error;
      }
    });
    this.#last = turn.catch(() => {});
    await turn;
  }
}
