import type { ReceivedMessageItem } from "@azure/storage-queue";
import { eachOf } from "../azure/each_of.ts";
import { MAX_BATCH, type MessageQueue, type Receipt } from "./message_queue.ts";
import { MessageGoneError } from "./queue_calls.ts";

/** How long a message that is looked at stays hidden from others, in ms. */
const LOOK_MS = 120_000;

/** What becomes of a message that was looked at. */
export type Fate = "keep" | "remove";

/**
 * Looks at each visible message once, by taking it: the service shows only its first 32 otherwise. Those that stay are
 * given back at the end; should this process die before, they come back by themselves after two minutes.
 *
 * @param judge is asked about each, several at a time; it has done with a message what is to be done when it answers
 */
export async function visitAll(
  messages: MessageQueue,
  judge: (item: ReceivedMessageItem) => Promise<Fate> | Fate,
): Promise<void> {
  /** The newest receipt of each that was taken and is still there, should its judgement fail, too. */
  const kept = new Map<string, Receipt>();
  const seen = new Set<string>();
  try {
    for (;;) {
      const items = await messages.receive(MAX_BATCH, LOOK_MS);
      for (const { messageId, popReceipt } of items) kept.set(messageId, { messageId, popReceipt });
      // A look at very many lasts so long that the first come back.
      const news = items.filter(({ messageId }) => !seen.has(messageId));
      if (news.length === 0) return;
      await eachOf(news, async (item) => {
        seen.add(item.messageId);
        if (await judge(item) === "keep") return;
        await messages.delete(item).catch(ignoreGone);
        kept.delete(item.messageId);
      });
    }
  } finally {
    await eachOf(
      [...kept.values()],
      (receipt) => messages.update(receipt, { visibleInMs: 0 }).then(() => {}, ignoreGone),
    );
  }
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof MessageGoneError)) throw error;
}
