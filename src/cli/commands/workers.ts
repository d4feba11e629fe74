import { isAlive, type WorkerInfo } from "../../core/workers.ts";
import type { RunCommand } from "../command.ts";
import { openNamedQueue } from "../context.ts";
import type { COMMON_FLAGS, JSON_OUTPUT } from "../options.ts";
import { printJson, printLines } from "../print_lines.ts";
import type { STOP_FLAGS } from "../record_options.ts";
import { findAmong, resolveIds } from "../resolve_ids.ts";
import { tableLines, widthOf } from "../table.ts";
import { age, isoTime } from "../time_text.ts";

const HEAD = ["ID", "HOST", "PID", "SLOTS", "RUNNING", "LAST BEAT", "STATE", "JOBS"];

/** `jobq workers`, `jobq workers list`. */
export const list: RunCommand<typeof COMMON_FLAGS & { json: typeof JSON_OUTPUT }> = async (
  context,
  flags,
) => {
  const { io } = context;
  await using queue = await openNamedQueue(context, flags, { create: false });
  const now = Date.now();
  const workers = await queue.workers.list();
  if (flags.json) return await printJson(io.stdout, workers, (worker) => workerToJson(worker, now));
  if (workers.length === 0) return void io.stderr.write("no worker is on this queue\n");
  const rows = workers.map((worker) => [
    worker.id,
    worker.host,
    String(worker.pid),
    String(worker.slots),
    String(worker.jobs.length),
    `${age(worker.beatAt, now)} ago`,
    stateOf(worker, now),
    worker.jobs.join(" "),
  ]);
  await printLines(io.stdout, tableLines([HEAD, ...rows], widthOf(io)));
};

/** `jobq workers stop`. */
export const stop: RunCommand<typeof STOP_FLAGS & typeof COMMON_FLAGS> = async (context, flags, words) => {
  const { io } = context;
  await using queue = await openNamedQueue(context, flags, { create: false });
  const workers = await queue.workers.list();
  const known = findAmong(workers.map(({ id }) => id));
  const request = flags.now ? "now" : "drain";
  const answer = flags.now ? "to give its jobs back and leave" : "to leave when its jobs have ended";
  const told: string[] = [];
  for (const id of await resolveIds(words, known, { noun: "worker", hint: "jobq workers shows them" })) {
    if (!await queue.workers.stop(id, request)) {
      void io.stderr.write(`${id} has left already\n`);
      continue;
    }
    told.push(id);
    const lost = workers.find((worker) => worker.id === id && !isAlive(worker, Date.now()));
    const doubt = lost === undefined
      ? ""
      : lost.isGone
      ? "; but its process is gone"
      : `; but it has not been heard of for ${age(lost.beatAt)}`;
    void io.stderr.write(`asked ${id} ${answer}${doubt}\n`);
  }
  if (flags.json) await printJson(io.stdout, told, (id) => ({ id, stop: request }));
};

/** `lost`: it has not been heard of; `stopping`: it was asked to leave. */
function stateOf(worker: WorkerInfo, now: number): "alive" | "lost" | "stopping" {
  if (!isAlive(worker, now)) return "lost";
  return worker.stop === undefined ? "alive" : "stopping";
}

function workerToJson(worker: WorkerInfo, now: number): Record<string, unknown> {
  return {
    id: worker.id,
    host: worker.host,
    pid: worker.pid,
    slots: worker.slots,
    running: worker.jobs.length,
    jobs: worker.jobs,
    started_at: isoTime(worker.startedAt),
    beat_at: isoTime(worker.beatAt),
    state: stateOf(worker, now),
    stop: worker.stop,
  };
}
