import { statfs } from "node:fs/promises";
import type { Durability } from "@jobq/jobq";
import { Agents } from "./directory_agents.ts";
import { BareDirectory } from "./directory_bare.ts";
import { fillDirectory } from "./directory_fill.ts";
import { notice } from "./directory_notice.ts";
import { commandLines } from "./commands.ts";
import { interleave, median, secondsOf } from "./interleave.ts";
import type { Benchmark, BenchmarkOptions, Result } from "./result.ts";

/** Jobs that are taken in one go; then as many are pushed again, so that the depth stays. */
const CHUNK = 500;

/** What a job takes of the disk, generously: its file, its share of a directory, and what the benchmark adds. */
const BYTES_A_JOB = 8_192;
const FILES_A_JOB = 1.2;

/** Lease and ack of jobs that do nothing, one at a time, at several depths. */
export const directoryDepths: Benchmark = async ({ quick, directory }) => {
  const depths: number[] = [];
  for (const depth of quick ? [1_000, 10_000] : [1_000, 100_000, 1_000_000]) {
    if (!await hasRoom(directory, depth)) continue;
    const seconds = await secondsOf(() => fillDirectory(`${directory}/${depth}`, depth));
    if (depth >= 100_000) {
      await notice(`a queue of ${format(depth)} files was made in ${seconds.toFixed(0)} s`);
    }
    depths.push(depth);
  }
  const results: Result[] = [];
  for (const durability of ["full", "normal"] satisfies Durability[]) {
    results.push(...await measureDepths({ quick, directory }, { depths, durability }));
  }
  return results;
};

async function measureDepths(
  { quick, directory }: BenchmarkOptions,
  { depths, durability }: { depths: readonly number[]; durability: Durability },
): Promise<Result[]> {
  await using stack = new AsyncDisposableStack();
  const bare = new BareDirectory(`${directory}/bare-${durability}`, { isDurable: durability === "full" });
  const contenders = await Promise.all(depths.map(async (depth) => {
    const path = `${directory}/${depth}`;
    const agents = stack.use(await Agents.start({ path, durability, count: 1 }));
    const take = async () => {
      await fillDirectory(path, CHUNK);
      return await secondsOf(() => agents.take(CHUNK)) * 1e6 / CHUNK;
    };
    await take();
    return [`${depth}`, take] as const;
  }));
  const times: Record<string, number> = await interleave(quick ? 3 : 11, {
    ...Object.fromEntries(contenders),
    bare: async () => {
      await bare.push(commandLines(CHUNK));
      return await secondsOf(() => bare.take(CHUNK)) * 1e6 / CHUNK;
    },
  });
  const time = (name: number | "bare" | undefined) => times[`${name}`] ?? NaN;
  const rates = depths.map((depth): Result => ({
    what: `lease() and ack(), depth ${format(depth)}, durability ${durability}; baseline: bare files`,
    figure: { value: 1e6 / time(depth), unit: "jobs/s" },
    baseline: { value: 1e6 / time("bare"), unit: "jobs/s" },
  }));
  const [least] = depths;
  const growth = depths.slice(1).map((depth): Result => ({
    what: `depth ${format(depth)}, durability ${durability}; baseline: depth ${format(least ?? NaN)}`,
    figure: { value: time(depth), unit: "µs/job" },
    baseline: { value: time(least), unit: "µs/job" },
    limit: { of: "ratio", at: "most", value: 1.5 },
  }));
  return [...rates, ...growth];
}

/** Several processes that take jobs of one queue at the same time; they meet at the same files. */
export const directoryWorkers: Benchmark = async ({ quick, directory }) => {
  const depth = quick ? 2_000 : 10_000;
  const jobs = quick ? 480 : 1_920;
  const path = `${directory}/queue`;
  await fillDirectory(path, depth);
  const counts = [1, 4, 16];
  const results: Result[] = [];
  for (const durability of ["full", "normal"] satisfies Durability[]) {
    await using stack = new AsyncDisposableStack();
    const collisions = new Map<number, number[]>(counts.map((count) => [count, []]));
    const rates = await interleave(
      quick ? 2 : 9,
      Object.fromEntries(
        await Promise.all(counts.map(async (count) => {
          const agents = stack.use(await Agents.start({ path, durability, count }));
          await agents.take(count);
          return [`${count}`, async () => {
            await fillDirectory(path, jobs);
            return jobs / await secondsOf(async () => collisions.get(count)?.push(await agents.take(jobs)));
          }] as const;
        })),
      ),
    );
    results.push(...counts.map((count): Result => {
      const share = 100 * median(collisions.get(count) ?? []) / jobs;
      return {
        what: `${count} processes, depth ${format(depth)}, durability ${durability}, ` +
          `${share.toFixed(1)} collisions per 100 jobs; baseline: 1 process`,
        figure: { value: rates[`${count}`] ?? NaN, unit: "jobs/s" },
        baseline: { value: rates["1"] ?? NaN, unit: "jobs/s" },
      };
    }));
  }
  return results;
};

/** Whether so many jobs fit onto the disk, with as much to spare. */
async function hasRoom(directory: string, depth: number): Promise<boolean> {
  const { bavail, bsize, ffree, files } = await statfs(directory);
  const hasBytes = bavail * bsize > 2 * depth * BYTES_A_JOB;
  // Some filesystems make inodes as they go, and tell of none.
  const hasFiles = files === 0 || ffree > 2 * depth * FILES_A_JOB;
  if (!hasBytes || !hasFiles) {
    await notice(
      `depth ${format(depth)} was NOT measured: too few ${hasBytes ? "inodes" : "bytes"} are free`,
    );
  }
  return hasBytes && hasFiles;
}

const format = (depth: number) => depth >= 1_000_000 ? `${depth / 1_000_000}M` : `${depth / 1_000}k`;
