import type { JsonDocument, JsonObject } from "../../core/wire/json_document.ts";
import { encodeTaskMessage, type TaskMessage } from "../../core/wire/task_message.ts";
import { md5 } from "../azure/md5.ts";
import { CONTAINER } from "./payloads.ts";

/** The key of a message that names the blob in which its task lies. */
const KEY = "payload";

/** Told by whoever runs the message as it is. Its form is how the blob is found where the Python tool dropped the key. */
function commandFor(blob: string): string {
  return `echo 'jobq: this job is too large for a message and lies in the blob ${CONTAINER}/${blob}: ` +
    `only a worker of jobq can run it' >&2; exit 1`;
}

const [BEFORE_NAME = "", AFTER_NAME = ""] = commandFor("\0").split("\0");
const BLOB_NAME = /^[\w.-]+$/;

/** The small message that stands for a task which lies in a blob. */
export function spilledText({ id, numRetries }: TaskMessage, blob: string): string {
  const kwargs = new Map<string, JsonDocument>([
    ["cmd", commandFor(blob)],
    ["bg_dirsync_to", null],
    ["env", new Map()],
  ]);
  const extras: JsonObject = new Map([[KEY, `${CONTAINER}/${blob}`]]);
  return encodeTaskMessage({ kwargs, numRetries, id, extras }, { md5 }).text;
}

/** The blob in which the task of a message lies, if it does. */
export function blobOf({ fields, kwargs }: TaskMessage): string | undefined {
  const named = fields.get(KEY);
  if (typeof named === "string" && named.startsWith(`${CONTAINER}/`)) {
    return named.slice(CONTAINER.length + 1);
  }
  const command = kwargs.get("cmd");
  if (typeof command !== "string") return undefined;
  if (!command.startsWith(BEFORE_NAME) || !command.endsWith(AFTER_NAME)) return undefined;
  const name = command.slice(BEFORE_NAME.length, -AFTER_NAME.length);
  return BLOB_NAME.test(name) ? name : undefined;
}

/** The task in a blob, as the message stands that names it: the retries left and what was noted are the message's. */
export function mergeSpilled(message: TaskMessage, task: TaskMessage): TaskMessage {
  const fields = new Map([...task.fields, ...message.fields]);
  return { ...task, id: message.id, numRetries: message.numRetries, fields };
}
