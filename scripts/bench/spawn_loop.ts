/** The bare loop of the children benchmark: `spawn_loop.ts JOBS AT_A_TIME WORD...` runs the words so many times. */
async function main([jobs = "0", width = "1", file = "true", ...args]: readonly string[]): Promise<void> {
  let left = Number(jobs);
  await Promise.all(Array.from({ length: Number(width) }, async () => {
    while (left-- > 0) await new Deno.Command(file, { args }).output();
  }));
}

if (import.meta.main) await main(Deno.args);
