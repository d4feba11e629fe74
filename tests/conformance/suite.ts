import { countsAndPeekTopic } from "./counts_and_peek.ts";
import { deadLettersTopic } from "./dead_letters.ts";
import { delayTopic } from "./delay.ts";
import { enqueueTopic } from "./enqueue.ts";
import { fencingTopic } from "./fencing.ts";
import type { Harness, Topic } from "./harness.ts";
import { hostileContentTopic } from "./hostile_content.ts";
import { killTopic } from "./kill.ts";
import { leaseTopic } from "./lease.ts";
import { processesTopic } from "./processes.ts";
import { renewTopic } from "./renew.ts";
import { settleTopic } from "./settle.ts";
import { waitTopic } from "./wait.ts";

const TOPICS: readonly Topic[] = [
  enqueueTopic,
  leaseTopic,
  waitTopic,
  renewTopic,
  settleTopic,
  fencingTopic,
  deadLettersTopic,
  countsAndPeekTopic,
  delayTopic,
  hostileContentTopic,
];

/** These start processes that open the queue by its address. */
const TOPICS_OF_PROCESSES: readonly Topic[] = [processesTopic, killTopic];

/** Registers all that is asked of every backend. */
export function registerConformance(harness: Harness): void {
  const topics = harness.sharedByProcesses ? [...TOPICS, ...TOPICS_OF_PROCESSES] : TOPICS;
  for (const topic of topics) topic(harness);
}
