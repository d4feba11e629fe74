/**
 * Pushes jobs, prints `pushed`, runs them by a worker of one slot, prints `warned` at its first warning, and in the end
 * what became of them, as JSON: `directory_worker.ts PATH COUNT`.
 */
import { openQueue } from "../../src/backends/registry.ts";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/log/logger.ts";
import { Worker } from "../../src/worker/worker.ts";
import { shellJob } from "./jobs.ts";
import { print } from "./script.ts";
import { ScriptedRunner } from "./scripted_runner.ts";

const [path = "", count] = Deno.args;
const warnings: string[] = [];
let printed = Promise.resolve();
const log = createLogger("warn", ({ message }) => {
  if (warnings.push(message) === 1) printed = print("warned");
});
await using queue = await openQueue(path, { log });
const ids = await queue.enqueue(Array.from({ length: Number(count) }, () => shellJob()));
await print("pushed");

const runner = new ScriptedRunner(async () => {
  await systemClock.sleep(20);
  return { kind: "succeeded" };
});
const worker = new Worker({ queue, runner, leaseMs: 60_000, log, idleTimeoutMs: 500 });
const summary = await worker.run();
await printed;
const jobs = await Promise.all(ids.map((id) => queue.get(id)));
await print(JSON.stringify({
  ids,
  states: jobs.map((job) => job?.state),
  executions: jobs.map((job) => job?.history.length),
  summary,
  warnings,
}));
