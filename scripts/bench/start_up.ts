import { interleave, median } from "./interleave.ts";
import { denoRun, jobq } from "./processes.ts";
import type { Benchmark, Result } from "./result.ts";

/** Fresh processes that do little, beside a script without content. */
export const startUp: Benchmark = async ({ quick, directory }) => {
  const empty = `${directory}/empty.ts`;
  await Deno.writeTextFile(empty, "");
  const database = `${directory}/jobs.db`;
  const commands = {
    empty: denoRun(empty),
    version: jobq("--version"),
    push: jobq("push", "-q", database, "-c", "true"),
    size: jobq("size", "-q", database),
  };
  // The first ones fill the cache of compiled modules and make the file.
  for (const words of [commands.push, commands.size, commands.version]) await timesOf(words);
  const cpu: Record<keyof typeof commands, number[]> = { empty: [], version: [], push: [], size: [] };
  const rounds = quick ? 5 : 31;
  const measured = (name: keyof typeof commands) => async () => {
    const { wallMs, cpuMs } = await timesOf(commands[name]);
    cpu[name].push(cpuMs);
    return wallMs;
  };
  const wall = await interleave(rounds, {
    empty: measured("empty"),
    version: measured("version"),
    push: measured("push"),
    size: measured("size"),
  });
  const line = (what: string, value: number, baseline: number): Result => ({
    what: `${what}; baseline: an empty Deno script`,
    figure: { value, unit: "ms" },
    baseline: { value: baseline, unit: "ms" },
  });
  const names = { version: "jobq --version", push: "jobq push -c true", size: "jobq size" };
  return (["version", "push", "size"] as const).flatMap((name): Result[] => [
    {
      ...line(names[name], wall[name], wall.empty),
      limit: name === "push" ? { of: "ratio", at: "most", value: 2 } : undefined,
    },
    line(`${names[name]}, CPU`, median(cpu[name]), median(cpu.empty)),
  ]);
};

/** Runs the words to their end; bash itself tells how long they took. */
async function timesOf(words: readonly string[]): Promise<{ wallMs: number; cpuMs: number }> {
  const { stderr, success } = await new Deno.Command("bash", {
    args: ["-c", 'TIMEFORMAT="%3R %3U %3S"; time "$@" >/dev/null', "bash", ...words],
    env: { LC_ALL: "C" },
  }).output();
  const text = new TextDecoder().decode(stderr).trim();
  if (!success) throw new Error(text);
  const [wall = NaN, user = NaN, system = NaN] = (text.split("\n").at(-1) ?? "").split(" ").map(Number);
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000 };
}
