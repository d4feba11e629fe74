import { formatDuration } from "../../core/duration.ts";
import type { JobRecord } from "../../core/job_store.ts";
import type { RunCommand } from "../command.ts";
import { openNamedQueue } from "../context.ts";
import { taskText } from "../job_view.ts";
import type { COMMON_FLAGS } from "../options.ts";
import { printJson, printLines } from "../print_lines.ts";
import type { LIST_FLAGS } from "../record_options.ts";
import { recordToJson, stateText, tookMs } from "../record_view.ts";
import { tableLines, widthOf } from "../table.ts";
import { age } from "../time_text.ts";

/** `jobq list`. */
export const list: RunCommand<typeof LIST_FLAGS & typeof COMMON_FLAGS> = async (context, flags) => {
  const { io } = context;
  const { limit } = flags;
  await using queue = await openNamedQueue(context, flags, { create: false });
  const found = await queue.list({
    states: flags.state,
    name: flags.name,
    createdSince: flags.since,
    sort: flags.sort,
    reverse: flags.reverse,
    // One more tells whether there are more.
    limit: Number.isFinite(limit) ? limit + 1 : undefined,
  });
  const records = found.length > limit ? found.slice(0, limit) : found;
  if (flags.json) await printJson(io.stdout, records, recordToJson);
  else if (records.length === 0) return void io.stderr.write("there are no such jobs\n");
  else await printLines(io.stdout, tableLines([HEAD, ...rowsOf(records)], widthOf(io)));
  if (found.length > limit) {
    void io.stderr.write(`there are more than ${limit}; -n N shows more of them, -n -1 all\n`);
  }
};

const HEAD = ["ID", "STATE", "PRIO", "ATTEMPTS", "AGE", "TOOK", "JOB"];

function* rowsOf(records: readonly JobRecord[]): Generator<readonly string[]> {
  const now = Date.now();
  for (const record of records) {
    const took = record.state === "running" && record.startedAt !== undefined
      ? now - record.startedAt
      : tookMs(record);
    yield [
      record.id,
      stateText(record),
      String(record.priority),
      `${record.attempts}/${record.maxAttempts}`,
      age(record.createdAt, now),
      took === undefined ? "" : formatDuration(Math.max(0, took)),
      taskText(record),
    ];
  }
}
