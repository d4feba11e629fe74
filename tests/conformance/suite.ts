import { cancelTopic } from "./cancel.ts";
import { clockStepsTopic } from "./clock_steps.ts";
import { countsAndPeekTopic } from "./counts_and_peek.ts";
import { deadLettersTopic } from "./dead_letters.ts";
import { delayTopic } from "./delay.ts";
import { dependenciesTopic } from "./dependencies.ts";
import { enqueueTopic } from "./enqueue.ts";
import { executionsTopic } from "./executions.ts";
import { fencingTopic } from "./fencing.ts";
import { findIdsTopic } from "./find_ids.ts";
import { gateRecordsTopic, gatesTopic } from "./gates.ts";
import type { Harness, Topic } from "./harness.ts";
import { hostileContentTopic } from "./hostile_content.ts";
import { killTopic } from "./kill.ts";
import { lateFinishersTopic } from "./late_finishers.ts";
import { leaseTopic } from "./lease.ts";
import { leaseByIdTopic } from "./lease_by_id.ts";
import { listTopic } from "./list.ts";
import { parentsTopic } from "./parents.ts";
import { prioritiesTopic } from "./priorities.ts";
import { processesTopic } from "./processes.ts";
import { pruneTopic } from "./prune.ts";
import { randomOperationsTopic } from "./random_operations.ts";
import { recordsTopic } from "./records.ts";
import { renewTopic } from "./renew.ts";
import { requeueTopic } from "./requeue.ts";
import { requeueChildrenTopic } from "./requeue_children.ts";
import { resultsTopic } from "./results.ts";
import { resumeTopic } from "./resume.ts";
import { settleTopic } from "./settle.ts";
import { statsTopic } from "./stats.ts";
import { uniqueKeysTopic } from "./unique_keys.ts";
import { waitTopic } from "./wait.ts";
import { waitForJobsTopic } from "./wait_for_jobs.ts";
import { workersTopic } from "./workers.ts";
import { workflowsTopic } from "./workflows.ts";

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
  gatesTopic,
];

/** These are of backends that keep records. */
const TOPICS_OF_RECORDS: readonly Topic[] = [
  recordsTopic,
  executionsTopic,
  listTopic,
  findIdsTopic,
  leaseByIdTopic,
  cancelTopic,
  requeueTopic,
  pruneTopic,
  resultsTopic,
  uniqueKeysTopic,
  statsTopic,
  waitForJobsTopic,
  workersTopic,
  lateFinishersTopic,
  resumeTopic,
  gateRecordsTopic,
];

/** These are of backends that keep records and know which jobs wait for which. */
const TOPICS_OF_DEPENDENCIES: readonly Topic[] = [
  dependenciesTopic,
  parentsTopic,
  workflowsTopic,
  requeueChildrenTopic,
];

/** These set the clock back, or let much time pass. */
const TOPICS_OF_TIME: readonly Topic[] = [clockStepsTopic, randomOperationsTopic];

/** These start processes that open the queue by its address. */
const TOPICS_OF_PROCESSES: readonly Topic[] = [processesTopic, killTopic];

/** Registers all that is asked of every backend. */
export function registerConformance(harness: Harness): void {
  const { keepsRecords, priorities, dependencies } = harness.capabilities;
  const topics = [
    ...TOPICS,
    ...(priorities ? [prioritiesTopic] : []),
    ...(keepsRecords ? TOPICS_OF_RECORDS : []),
    ...(keepsRecords && dependencies ? TOPICS_OF_DEPENDENCIES : []),
    ...(keepsRecords && harness.clockIsReplaceable ? TOPICS_OF_TIME : []),
    ...(harness.sharedByProcesses ? TOPICS_OF_PROCESSES : []),
  ];
  for (const topic of topics) topic(harness);
}
