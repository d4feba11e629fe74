import { fileURLToPath } from "node:url";
import { runWords } from "../../src/cli/own_program.ts";
import { interleave, secondsOf } from "./interleave.ts";
import { jobq, run } from "./processes.ts";
import type { Benchmark, Result } from "./result.ts";

const COMPILE = fileURLToPath(new URL("../compile/main.ts", import.meta.url));

/** Sizes of both kinds of executable, and fresh processes of it beside `deno run` of the same program. */
export const executable: Benchmark = async ({ quick, directory }) => {
  const file = `${directory}/jobq`;
  await compile("--self-contained", "--output", file);
  const cache = `${directory}/cache`;
  const env = [
    "/usr/bin/env",
    `JOBQ_CACHE_DIR=${cache}`,
    `TMPDIR=${directory}`,
    `DENO_DIR=${directory}/deno`,
  ];
  const firstStart = await secondsOf(() => run([...env, file, "--version"]));
  const bundled = [Deno.execPath(), ...runWords(await findMain(cache))];
  const database = `${directory}/jobs.db`;
  const results: Result[] = [...await sizes(file, directory), {
    what: "the first start, which unpacks",
    figure: { value: firstStart * 1000, unit: "ms" },
  }];
  const commands = {
    "--version": ["--version"],
    "push -c true": [database, "push", "-c", "true"],
    "size": [database, "size"],
  };
  for (const [name, args] of Object.entries(commands)) {
    const ms = (...words: string[]) => async () => await secondsOf(() => run([...env, ...words])) * 1000;
    const contenders = {
      executable: ms(file, ...args),
      bundled: ms(...bundled, ...args),
      sources: ms(...jobq(...args)),
    };
    // The first ones fill the caches of compiled modules.
    for (const start of Object.values(contenders)) await start();
    const times = await interleave(quick ? 5 : 31, contenders);
    const figure = { value: times.executable, unit: "ms" };
    results.push(
      {
        what: `${name}, longer than deno run of the same program`,
        figure: { value: times.executable - times.bundled, unit: "ms" },
        limit: { of: "figure", at: "most", value: 15 },
      },
      {
        what: `${name}; baseline: deno run of the same program`,
        figure,
        baseline: { value: times.bundled, unit: "ms" },
      },
      { what: `${name}; baseline: from the sources`, figure, baseline: { value: times.sources, unit: "ms" } },
    );
  }
  return results;
};

/** Where there is no runtime base of `deno compile`, Deno itself takes its place: what is behind it is the same. */
async function sizes(file: string, directory: string): Promise<readonly Result[]> {
  const base = Deno.env.get("DENORT_BIN") ?? Deno.execPath();
  const compiled = `${directory}/compiled`;
  await compile("--output", compiled);
  const mb = async (path: string) => (await Deno.stat(path)).size / 1e6;
  const baseMb = await mb(base);
  return [
    {
      what: "self-contained executable; baseline: the Deno in it",
      figure: { value: await mb(file), unit: "MB" },
      baseline: { value: await mb(Deno.execPath()), unit: "MB" },
    },
    {
      what: "executable of deno compile; baseline: the runtime base in it",
      figure: { value: await mb(compiled), unit: "MB" },
      baseline: { value: baseMb, unit: "MB" },
    },
  ];
}

async function compile(...words: readonly string[]): Promise<void> {
  const base = `DENORT_BIN=${Deno.env.get("DENORT_BIN") ?? Deno.execPath()}`;
  await run(["/usr/bin/env", base, Deno.execPath(), "run", "-A", "--quiet", COMPILE, ...words]);
}

/** The main file of what was unpacked. */
async function findMain(cache: string): Promise<string> {
  for await (const { name } of Deno.readDir(cache)) return `${cache}/${name}/app/self_contained_main.js`;
  throw new Error(`nothing was unpacked into ${cache}`);
}
