import type { JsonDocument } from "../../../src/core/wire/json_document.ts";
import { encodeTaskMessage } from "../../../src/core/wire/task_message.ts";
import { md5 } from "../../core/wire/md5.ts";

/**
 * The message of a gated job, as jobq's codec writes it. No release of the Python tool up to 3.13.1 knows gates, so that
 * there is nothing else to compare it with.
 */
export function gatedText(gateCommand = "test -e '/data/é'"): string {
  const kwargs = new Map<string, JsonDocument>([
    ["cmd", "echo hello"],
    ["bg_dirsync_to", null],
    ["env", new Map()],
  ]);
  return encodeTaskMessage({ kwargs, numRetries: 1, gateCommand }, { md5 }).text;
}
