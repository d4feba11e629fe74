import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { Failure } from "../../core/failure.ts";
import type { DeadLetterNote } from "./held_message.ts";
import type { Notes, Properties } from "./notes.ts";

/** How many characters of a reason and of a description the service keeps; the rest of 4,096 is left to it. */
const MAX_LENGTH = 4_000;
/** Between what is told of the failure and the last lines that the job printed. */
const BEFORE_OUTPUT = "\n\n";

const KINDS: readonly Failure["kind"][] = ["failed", "timed-out", "poison", "cancelled"];
const KEYS = {
  kind: "jobq-reason",
  at: "jobq-failed-at",
  workerId: "jobq-worker",
  exitCode: "jobq-exit-code",
  signal: "jobq-signal",
} as const;

/** What a job that is given up takes with it to the dead letters. @param notes with the attempt that failed */
export function deadLetterNote(failure: Failure, notes: Notes, noteProperties: Properties): DeadLetterNote {
  const { kind, message, exitCode, signal, workerId, at, output } = failure;
  const time = new Date(at).toISOString();
  const told = [
    exitCode === undefined ? undefined : `exit code ${exitCode}`,
    signal,
    `attempts ${notes.attempts}`,
    workerId,
    time,
  ].filter((text) => text !== undefined).join(", ");
  const description = output === undefined || output === ""
    ? told
    // The last lines say most.
    : told + BEFORE_OUTPUT + output.slice(-(MAX_LENGTH - told.length - BEFORE_OUTPUT.length));
  const properties = [
    [KEYS.kind, kind],
    [KEYS.at, time],
    [KEYS.workerId, workerId],
    [KEYS.exitCode, exitCode],
    [KEYS.signal, signal],
  ] as const;
  return {
    reason: message.slice(0, MAX_LENGTH),
    description,
    properties: {
      ...noteProperties,
      ...Object.fromEntries(properties.flatMap(([key, value]) => value === undefined ? [] : [[key, value]])),
    },
  };
}

/** Why a dead letter was given up, as far as it says so: the service itself and other tools put some there, too. */
export function failureOf(message: ServiceBusReceivedMessage): Failure {
  const { applicationProperties = {}, deadLetterReason, deadLetterErrorDescription, enqueuedTimeUtc } =
    message;
  const text = (key: string) => {
    const value = applicationProperties[key];
    return typeof value === "string" ? value : undefined;
  };
  const at = Date.parse(text(KEYS.at) ?? "");
  const exitCode = applicationProperties[KEYS.exitCode];
  const isOurs = !Number.isNaN(at);
  return {
    kind: KINDS.find((kind) => kind === text(KEYS.kind)) ?? "failed",
    message: reasonOf(deadLetterReason, isOurs ? undefined : deadLetterErrorDescription),
    exitCode: typeof exitCode === "number" ? exitCode : undefined,
    signal: text(KEYS.signal),
    output: isOurs ? outputOf(deadLetterErrorDescription) : undefined,
    workerId: text(KEYS.workerId),
    at: isOurs ? at : enqueuedTimeUtc?.getTime() ?? 0,
  };
}

function reasonOf(reason: string | undefined, description: string | undefined): string {
  const told = [reason, description].filter((text) => text !== undefined && text !== "");
  return told.length === 0 ? "the reason was not recorded" : told.join(": ");
}

function outputOf(description = ""): string | undefined {
  const end = description.indexOf(BEFORE_OUTPUT);
  return end < 0 ? undefined : description.slice(end + BEFORE_OUTPUT.length);
}
