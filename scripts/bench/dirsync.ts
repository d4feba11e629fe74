import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/log/logger.ts";
import { localDestination } from "../../src/worker/dirsync/local_destination.ts";
import { Rounds } from "../../src/worker/dirsync/rounds.ts";
import { readDirsyncSettings } from "../../src/worker/dirsync/settings.ts";
import { interleave, median, secondsOf } from "./interleave.ts";
import { run } from "./processes.ts";
import type { Benchmark, Result } from "./result.ts";

interface Size {
  readonly files: number;
  readonly bytes: number;
}

const FULL: Size = { files: 100_000, bytes: 10e9 };
const QUICK: Size = { files: 2_000, bytes: 200e6 };
const FILES_PER_DIRECTORY = 500;
/** The directory, and two copies of it at a time; a fifth is left for others. */
const COPIES = 3 * 1.25;

/** A directory copied for the first time, beside `cp -a`, and again without changes, beside `find`. */
export const dirsync: Benchmark = async ({ quick, directory }) => {
  const wanted = quick ? QUICK : FULL;
  const size = fit(wanted, await freeBytes(directory));
  if (size.files < wanted.files) {
    await tell(`\n*** NOT ENOUGH DISK: ${describe(size)} instead of ${describe(wanted)} ***\n`);
  }
  const from = `${directory}/from`;
  await fill(from, size);
  const rounds = quick ? 3 : 2;
  let turn = 0;
  const signal = new AbortController().signal;
  const sync = async (to: string) => {
    await Deno.mkdir(to);
    await using destination = localDestination(to, { source: from });
    await destination.prepare();
    const settings = readDirsyncSettings(() => undefined);
    const copies = new Rounds({
      directory: from,
      destination,
      settings,
      clock: systemClock,
      onNote: silentLogger.warn,
    });
    const first = await secondsOf(() => copies.run({ isLast: false, signal }));
    const second = await secondsOf(() => copies.run({ isLast: true, signal }));
    await Deno.remove(to, { recursive: true });
    return { first, second };
  };
  const agains: number[] = [];
  const times = await interleave(rounds, {
    sync: async () => {
      const { first, second } = await sync(`${directory}/to${turn++}`);
      agains.push(second);
      return first;
    },
    cp: async () => {
      const to = `${directory}/to${turn++}`;
      const seconds = await secondsOf(() => run(["cp", "-a", from, to]));
      await Deno.remove(to, { recursive: true });
      return seconds;
    },
    find: () => secondsOf(() => run(["find", from, "-printf", "%s %T@ %p\\n"])),
  });
  const line = (what: string, value: number, baseline: number): Result => ({
    what: `${describe(size)}, ${what}`,
    figure: { value: value * 1000, unit: "ms" },
    baseline: { value: baseline * 1000, unit: "ms" },
  });
  return [
    line("first copy; baseline: cp -a", times.sync, times.cp),
    line("nothing changed; baseline: find -printf", median(agains), times.find),
  ];
};

/** As many of the files as there is room for. */
function fit({ files, bytes }: Size, free: number): Size {
  const share = Math.min(1, free / COPIES / bytes);
  return { files: Math.floor(files * share), bytes: bytes * share };
}

const describe = ({ files, bytes }: Size) =>
  `${(bytes / 1e9).toFixed(1)} GB in ${files.toLocaleString("en-US")} files`;

async function freeBytes(directory: string): Promise<number> {
  const { stdout } = await new Deno.Command("df", { args: ["--output=avail", "-B1", directory] }).output();
  return Number(new TextDecoder().decode(stdout).trim().split("\n").at(-1));
}

async function fill(directory: string, { files, bytes }: Size): Promise<void> {
  const contents = new Uint8Array(Math.floor(bytes / files));
  for (let at = 0; at < contents.length; at += 65_536) {
    crypto.getRandomValues(contents.subarray(at, Math.min(at + 65_536, contents.length)));
  }
  for (let index = 0; index < files; index++) {
    const folder = `${directory}/${Math.floor(index / FILES_PER_DIRECTORY)}`;
    if (index % FILES_PER_DIRECTORY === 0) await Deno.mkdir(folder, { recursive: true });
    await Deno.writeFile(`${folder}/${index}.bin`, contents);
  }
}

async function tell(text: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(text));
}
