import { UsageError } from "../../core/errors.ts";

/** Source: "Naming rules and restrictions for Azure resources", Microsoft.ServiceBus. */
const MAX_QUEUE_NAME = 260;
const QUEUE_HINT =
  "a queue's name has up to 260 letters, digits, dots, hyphens, underscores and slashes, with a letter or a digit at both ends";

/**
 * Fails unless a text is the name of a queue.
 *
 * @param name the queue's address, for the sentence
 * @throws {UsageError} for what the service would refuse, or take for something else
 */
export function assertQueueName(queue: string, name: string): void {
  const refuse = (reason: string, hint = QUEUE_HINT) => {
    throw new UsageError(`Cannot use "${name}" as a queue: ${reason}`, { hint });
  };
  if (queue === "") refuse("the queue's name is empty");
  if (queue.includes("$")) {
    refuse("a queue's name has no $", "the messages that failed are shown by jobq dead list");
  }
  if (queue.length > MAX_QUEUE_NAME) refuse(`its queue's name has more than ${MAX_QUEUE_NAME} characters`);
  if (!/^[A-Za-z0-9._/-]+$/.test(queue)) refuse("its queue's name has other characters");
  if (!/^[A-Za-z0-9].*[A-Za-z0-9]$|^[A-Za-z0-9]$/.test(queue)) {
    refuse("its queue's name does not begin and end with a letter or a digit");
  }
  if (queue.includes("//")) refuse("its queue's name has two slashes in a row");
}
