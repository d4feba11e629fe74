import type { BusBrokerProcess } from "./bus_broker_process.ts";
import { interleave, median, secondsOf } from "./interleave.ts";
import { denoRun, jobq, run, sibling, start } from "./processes.ts";
import type { Result } from "./result.ts";

interface ProgramOptions {
  readonly broker: BusBrokerProcess;
  readonly rounds: number;
}

/** Whole processes that do little, beside scripts with nothing but the SDK. */
export async function busStartUp({ broker, rounds }: ProgramOptions): Promise<readonly Result[]> {
  const queue = await broker.newQueue();
  const ours = (...words: string[]) => withSecrets(broker, jobq(`sb://${broker.host}/${queue}`, ...words));
  const bare = (action: string) => withSecrets(broker, bareScript(action, queue));
  const commands = {
    push: ours("push", "-c", "true"),
    barePush: bare("push"),
    size: ours("size"),
    bareSize: bare("size"),
  };
  // The first ones fill the cache of compiled modules.
  for (const words of Object.values(commands)) await run(words);
  const ms = (words: readonly string[]) => async () => await secondsOf(() => run(words)) * 1000;
  const times = await interleave(rounds, {
    push: ms(commands.push),
    barePush: ms(commands.barePush),
    size: ms(commands.size),
    bareSize: ms(commands.bareSize),
  });
  const line = (what: string, [value, baseline]: readonly [number, number]): Result => ({
    what: `jobq ${what}, from start to end; baseline: a script with the bare SDK`,
    figure: { value, unit: "ms" },
    baseline: { value: baseline, unit: "ms" },
  });
  return [
    line("push -c true", [times.push, times.barePush]),
    line("size", [times.size, times.bareSize]),
  ];
}

/** What a worker holds in memory that waits at an empty queue, beside a script that waits with the bare SDK. */
export async function busIdleMemory(
  { broker, rounds, waitMs }: ProgramOptions & { readonly waitMs: number },
): Promise<Result> {
  const queue = await broker.newQueue();
  const worker = withSecrets(
    broker,
    jobq(`sb://${broker.host}/${queue}`, "worker", "--quiet", "--idle-timeout", "forever"),
  );
  const figures = { worker: [] as number[], bare: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const children = [start(worker), start(withSecrets(broker, bareScript("wait", queue)))] as const;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    const [ours = NaN, theirs = NaN] = await Promise.all(children.map(({ pid }) => residentBytes(pid)));
    figures.worker.push(ours);
    figures.bare.push(theirs);
    for (const child of children) {
      child.kill("SIGTERM");
      await Promise.all([child.status, child.stderr.cancel()]);
    }
  }
  return {
    what: `worker at an empty queue, after ${waitMs / 1000} s; baseline: a script with the bare SDK`,
    figure: { value: median(figures.worker) / 1e6, unit: "MB" },
    baseline: { value: median(figures.bare) / 1e6, unit: "MB" },
  };
}

const bareScript = (action: string, queue: string) => denoRun(sibling("bare_bus.ts"), action, queue);

/** The words, with the way to the broker in the environment, each side's own. */
const withSecrets = ({ connectionString }: BusBrokerProcess, words: readonly string[]) => [
  ...["env", `JOBQ_CONNECTION_STRING=${connectionString}`, `CONNECTION_STRING=${connectionString}`],
  ...words,
];

/** What a process holds in memory now (VmRSS), in bytes; see proc_pid_status(5). */
async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]) * 1024;
}
