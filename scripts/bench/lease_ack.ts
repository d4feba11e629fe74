import { type Durability, openQueue } from "@jobq/jobq";
import { BareQueue } from "./bare_sqlite.ts";
import { commandLines, jobsOf } from "./commands.ts";
import { interleave, secondsOf } from "./interleave.ts";
import type { Benchmark, Result } from "./result.ts";
import { Takers, type TakersOptions } from "./takers.ts";

/** Jobs that are taken in one go; then as many are pushed again, so that the depth stays. */
const CHUNK = 500;

type Kind = TakersOptions["kind"];
type Push = (count: number) => Promise<void>;

/** Lease and ack of jobs that do nothing, at several depths, beside the same in two bare statements. */
export const leaseAck: Benchmark = async ({ quick, directory }) => {
  const depths = quick ? [1_000, 10_000] : [1_000, 100_000, 1_000_000];
  const results: Result[] = [];
  await using stack = new AsyncDisposableStack();
  const pushes = new Map<string, Push>();
  for (const depth of depths) {
    const jobqPush = await openJobq(stack, `${directory}/jobq-${depth}.db`);
    const barePush = openBare(stack, `${directory}/bare-${depth}.db`);
    pushes.set(`jobq-${depth}`, jobqPush).set(`bare-${depth}`, barePush);
    await Promise.all([jobqPush(depth), barePush(depth)]);
  }
  for (const processes of [1, 4]) {
    for (const durability of ["normal", "full"] satisfies Durability[]) {
      const rounds = quick ? 3 : 11;
      const times = await measure({ directory, depths, pushes, processes, durability, rounds });
      results.push(...resultsOf(times, { depths, processes, durability }));
    }
  }
  return results;
};

async function openJobq(stack: AsyncDisposableStack, path: string): Promise<Push> {
  const queue = stack.use(await openQueue(path, { durability: "normal" }));
  return async (count) => {
    for (let left = count; left > 0; left -= 2_000) {
      await queue.enqueue(jobsOf(commandLines(Math.min(left, 2_000))));
    }
  };
}

function openBare(stack: AsyncDisposableStack, path: string): Push {
  const queue = stack.use(new BareQueue(path, "normal"));
  return (count) => Promise.resolve(queue.push(commandLines(count)));
}

interface Setting {
  readonly depths: readonly number[];
  readonly processes: number;
  readonly durability: Durability;
}

/** The time of one job at each depth, in µs, by `jobq-DEPTH` and `bare-DEPTH`. */
async function measure(
  { directory, depths, pushes, processes, durability, rounds }: Setting & {
    directory: string;
    pushes: ReadonlyMap<string, Push>;
    rounds: number;
  },
): Promise<Record<string, number>> {
  await using stack = new AsyncDisposableStack();
  const contender = (kind: Kind, depth: number) => {
    const name = `${kind}-${depth}`;
    const path = `${directory}/${name}.db`;
    const takers = stack.use(new Takers({ kind, path, durability, count: processes }));
    let isWarm = false;
    const takeChunk = async () => {
      await pushes.get(name)?.(CHUNK);
      return await secondsOf(() => takers.take(CHUNK)) * 1e6 / CHUNK;
    };
    return [name, async () => {
      if (!isWarm) await takeChunk();
      isWarm = true;
      return await takeChunk();
    }] as const;
  };
  const contenders = depths.flatMap((depth) => [contender("jobq", depth), contender("bare", depth)]);
  return await interleave(rounds, Object.fromEntries(contenders));
}

function resultsOf(times: Record<string, number>, { depths, processes, durability }: Setting): Result[] {
  const setting = `${processes} process${processes > 1 ? "es" : ""}, ${durability}`;
  const time = (kind: Kind, depth: number) => times[`${kind}-${depth}`] ?? NaN;
  const isLimited = processes === 1;
  const rates = depths.map((depth): Result => ({
    what: `depth ${format(depth)}, ${setting}; baseline: two bare statements`,
    figure: { value: 1e6 / time("jobq", depth), unit: "jobs/s" },
    baseline: { value: 1e6 / time("bare", depth), unit: "jobs/s" },
    limit: isLimited ? { of: "ratio", at: "least", value: 0.5 } : undefined,
  }));
  const [least = 0, most = 0] = [depths.at(0), depths.at(-1)];
  const growth = (kind: Kind): Result => ({
    what: `${kind}: depth ${format(most)} beside ${format(least)}, ${setting}`,
    figure: { value: time(kind, most), unit: "µs/job" },
    baseline: { value: time(kind, least), unit: "µs/job" },
    limit: isLimited && kind === "jobq" ? { of: "ratio", at: "most", value: 1.2 } : undefined,
  });
  return [...rates, growth("jobq"), growth("bare")];
}

const format = (depth: number) => depth >= 1_000_000 ? `${depth / 1_000_000}M` : `${depth / 1_000}k`;
