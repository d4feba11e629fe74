import { formatDuration } from "../core/duration.ts";
import type { GateRefusal } from "../core/gate.ts";
import { describeTask, isFinished, type JobId, type Task } from "../core/job.ts";
import type { Execution, JobDetails } from "../core/job_store.ts";
import { placeText } from "./place_text.ts";
import { plainLines, plainText } from "./plain_text.ts";
import { stateText, tookMs } from "./record_view.ts";
import { formatTable } from "./table.ts";
import { age, localTime, timeAndDistance } from "./time_text.ts";

export interface StatusOptions {
  readonly now: number;
  /** Show the values of the environment, not only the names. */
  readonly showEnv: boolean;
  /** The tables are cut at it. */
  readonly width: number;
}

/** Parents and children that are named, at most. */
const SHOWN = 10;
/** A longer result is cut, in characters. */
const RESULT_LENGTH = 1_000;

/** All that is known of a job, for people. */
export function formatStatus(details: JobDetails, options: StatusOptions): string {
  const { width, now } = options;
  const fields = fieldsOf(details, options).flatMap(([label, text]) =>
    plainLines(text).map((line, index) => [`  ${index === 0 ? label : ""}`, line])
  );
  const head = `${plainText(details.id)}  ${stateText(details)}\n`;
  return head + formatTable(fields) + formatHistory(details.history, { width, now }) + formatOutput(details);
}

/** What there is to say, in order. */
function fieldsOf(details: JobDetails, { now, showEnv }: StatusOptions): [label: string, text: string][] {
  const { env, parents, children, result, startedAt, finishedAt, visibleAt, state } = details;
  const took = tookMs(details);
  const when = (at: number | undefined) => at === undefined ? undefined : timeAndDistance(at, now);
  const fields: [string, string | undefined][] = [
    ["name", details.name],
    ["command", taskLines(details.task)],
    ["directory", details.cwd],
    ["environment", showEnv ? envLines(env) : Object.keys(env).join(", ")],
    ["priority", String(details.priority)],
    ["key", details.key],
    ["after", shorten(unmetFirst(parents), parentText, "\n")],
    ["children", shorten(children, (id: JobId) => id, ", ")],
    ["pushed", when(details.createdAt)],
    ["due", when(state === "pending" && visibleAt !== undefined && visibleAt > now ? visibleAt : undefined)],
    ["started", when(startedAt)],
    ["lease until", when(state === "running" ? visibleAt : undefined)],
    ["finished", when(finishedAt)],
    ["took", took === undefined ? undefined : formatDuration(took)],
    ["attempts", `${details.attempts}/${details.maxAttempts}`],
    ["gate", details.gateCmd],
    ["refused on", details.refusals?.toReversed().map((refusal) => refusalText(refusal, now)).join("\n")],
    ["synced to", placeText(details.bgDirsyncTo)],
    ["timeout", details.timeoutMs === undefined ? undefined : formatDuration(details.timeoutMs)],
    ["worker", details.workerId],
    ["exit", details.signal ?? (details.exitCode === undefined ? undefined : String(details.exitCode))],
    [isFinished(state) ? "error" : "last error", details.failure?.message],
    ["result", result === undefined ? undefined : resultText(JSON.stringify(result))],
    ["warning", details.warning],
  ];
  return fields.flatMap(([label, text]) => text === undefined || text === "" ? [] : [[label, text]]);
}

function taskLines(task: Task): string {
  return task.kind === "shell" ? task.command : describeTask(task, Infinity);
}

function envLines(env: JobDetails["env"]): string {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`).join("\n");
}

/** Of many parents, those that matter. */
function unmetFirst(parents: JobDetails["parents"]): JobDetails["parents"] {
  return parents.toSorted((a, b) => Number(a.isSatisfied) - Number(b.isSatisfied));
}

function parentText({ id, when, state, isSatisfied }: JobDetails["parents"][number]): string {
  const condition = when === "ok" ? "" : ` (${when})`;
  const met = isSatisfied
    ? ""
    : isFinished(state ?? "pending")
    ? ", which this job was not to follow"
    : ", waited for";
  return `${id}${condition}: ${state ?? "removed"}${met}`;
}

function refusalText({ workerId, host, reason, at, times }: GateRefusal, now: number): string {
  const often = times === 1 ? "" : `, ${times} times`;
  return `${workerId} (${host})${often}, last at ${timeAndDistance(at, now)}: ${reason}`;
}

function shorten<T>(items: readonly T[], text: (item: T) => string, separator: string): string {
  const shown = items.slice(0, SHOWN).map(text);
  const hidden = items.length - shown.length;
  return [...shown, ...hidden > 0 ? [`and ${hidden} more`] : []].join(separator);
}

function resultText(json: string): string {
  return json.length <= RESULT_LENGTH
    ? json
    : `${json.slice(0, RESULT_LENGTH)}… (${json.length} characters; --json has all)`;
}

function formatHistory(
  history: readonly Execution[],
  { now, width }: { now: number; width: number },
): string {
  if (history.length === 0) return "";
  const rows = history.map((execution) => [
    String(execution.number),
    execution.workerId ?? "",
    localTime(execution.startedAt),
    execution.endedAt === undefined
      ? age(execution.startedAt, now)
      : age(execution.startedAt, execution.endedAt),
    execution.outcome,
    execution.signal ?? (execution.exitCode === undefined ? "" : String(execution.exitCode)),
    execution.error ?? "",
  ]);
  const head = ["EXECUTION", "WORKER", "STARTED", "TOOK", "OUTCOME", "EXIT", "ERROR"];
  return `\n${formatTable([head, ...rows], width)}`;
}

/** The last lines that the newest execution printed. */
function formatOutput({ history }: JobDetails): string {
  const { number, output } = history.at(-1) ?? {};
  if (output === undefined || output === "") return "";
  const lines = plainLines(output).map((line) => `  ${line}`.trimEnd());
  return `\nlast output of execution ${number}:\n${lines.join("\n")}\n`;
}
