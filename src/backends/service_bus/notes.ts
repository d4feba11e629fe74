import type { ServiceBusReceivedMessage } from "@azure/service-bus";

/** What a message carries beside its body, which cannot be changed. */
export type Properties = Readonly<Record<string, string | number>>;

/**
 * The service counts how often it handed a message out, but not how that ended: a worker that gave the job back looks
 * like one that died. So jobq notes with the message, when it gives one back, what came of the deliveries so far.
 */
export interface Notes {
  /** Executions that counted. */
  readonly attempts: number;
  /** Executions in all, this one not included. */
  readonly executions: number;
  /** Executions whose worker was not heard of again. */
  readonly lost: number;
}

const KEYS = {
  attempts: "jobq-attempts",
  /** Executions of earlier copies of the job. */
  executions: "jobq-executions",
  /** Deliveries of this copy that are accounted for. */
  deliveries: "jobq-deliveries",
  lost: "jobq-lost",
} as const;

/** What is known of the executions before this delivery of a message. */
export function readNotes(
  { applicationProperties = {}, deliveryCount = 0 }: ServiceBusReceivedMessage,
): Notes {
  const count = (key: string) => {
    const value = applicationProperties[key];
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
  };
  return {
    attempts: count(KEYS.attempts),
    executions: count(KEYS.executions) + deliveryCount,
    lost: count(KEYS.lost) + Math.max(0, deliveryCount - count(KEYS.deliveries)),
  };
}

/** The notes of a message that is given back. @param deliveryCount as it was received with */
export function notesOfReturn({ attempts, lost }: Notes, deliveryCount: number): Properties {
  return { [KEYS.attempts]: attempts, [KEYS.lost]: lost, [KEYS.deliveries]: deliveryCount + 1 };
}

/** The notes of a message that goes to the dead letters after this execution, which no delivery count tells of. */
export function notesOfBurial(notes: Notes, deliveryCount: number): Properties {
  return {
    ...notesOfReturn(notes, deliveryCount),
    [KEYS.executions]: notes.executions - deliveryCount + 1,
  };
}

/** The notes of a copy that takes the place of a message. */
export function notesOfCopy({ attempts, lost, executions }: Notes): Properties {
  return { [KEYS.attempts]: attempts, [KEYS.lost]: lost, [KEYS.executions]: executions + 1 };
}
