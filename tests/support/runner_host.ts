/**
 * Runs the commands given as arguments, all at once, in one process runner, and passes their output on. Its
 * standard output ends with one JSON line: the outcomes. With EMULATE_TTY in its environment, each has a terminal.
 */
import { silentLogger } from "../../src/log/logger.ts";
import { processRunner } from "../../src/runner/process_runner.ts";
import { jobOf } from "./run_job.ts";

const encoder = new TextEncoder();
const never = new AbortController().signal;
const extra = JSON.parse(Deno.env.get("JOB_ENV") ?? "{}") as Record<string, string>;

const outcomes = [];
{
  await using runner = processRunner({
    emulateTty: Deno.env.has("EMULATE_TTY"),
    output: () => ({
      write: async (_, bytes) => void await Deno.stdout.write(bytes),
      close: () => Promise.resolve(),
    }),
  });
  const runs = Deno.args.map((command, slot) => {
    const env = { JOBQ_WORKER_ID: `host-${Deno.pid}` };
    const job = jobOf(command, { env: extra });
    return runner.run(job, { signal: never, kill: never, log: silentLogger, slot, execution: 1, env });
  });
  outcomes.push(...await Promise.all(runs));
}
await Deno.stdout.write(encoder.encode(`${JSON.stringify(outcomes)}\n`));
