import { OutputTail } from "../../src/runner/output.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { jobOf, startJob } from "../support/run_job.ts";
import { test } from "../support/testing.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("the tail keeps the last 20 lines", () => {
  const tail = new OutputTail();
  for (let line = 1; line <= 100; line++) tail.push(bytes(`line ${line}\n`));
  const lines = tail.text()?.split("\n") ?? [];
  assertEquals([lines.length, lines[0], lines.at(-1)], [20, "line 81", "line 100"]);
});

test("the tail of a line without end is its last 8 KiB", () => {
  const tail = new OutputTail();
  tail.push(bytes("a".repeat(100_000)));
  tail.push(bytes("b"));
  assertEquals(tail.text(), "a".repeat(8 * 1024 - 1) + "b");
});

test("the tail shows a progress bar in its last form", () => {
  const tail = new OutputTail();
  tail.push(bytes("start\n 10%\r 50%\r100%\r\ndone\n"));
  assertEquals(tail.text(), "start\n100%\ndone");
});

test("the tail has no control characters that would move a terminal's cursor", () => {
  const tail = new OutputTail();
  tail.push(bytes("\x1b[31mred\x1b[0m \x07bell\x9b2J \x00nul\ttab\n"));
  assertEquals(tail.text(), "red bell2J nul\ttab");
});

test("the tail of nothing is undefined", () => {
  assertEquals(new OutputTail().text(), undefined);
});

test("invalid UTF-8 and lines of any length arrive byte for byte", async () => {
  const job = startJob(jobOf("printf '\\377\\376\\000'; head -c 3000000 /dev/zero"));
  assertEquals((await job.outcome).kind, "succeeded");
  assertEquals(job.printed().bytes, 3_000_003);
});

test("the memory stays flat while a job prints 1 GB", async () => {
  const script = `
    import { processRunner } from ${
    JSON.stringify(new URL("../../src/runner/process_runner.ts", import.meta.url).href)
  };
    import { silentLogger } from ${JSON.stringify(new URL("../../src/log/logger.ts", import.meta.url).href)};
    await using runner = processRunner();
    const never = new AbortController().signal;
    const job = { id: "1-a", state: "running", task: { kind: "shell", command: "head -c 1000000000 /dev/zero" }, env: {}, maxAttempts: 1, attempts: 0, createdAt: 0 };
    const { kind } = await runner.run(job, { signal: never, kill: never, log: silentLogger, slot: 0, env: {} });
    const peak = /VmHWM:\\s*(\\d+)/.exec(await Deno.readTextFile("/proc/self/status"))[1];
    await Deno.stdout.write(new TextEncoder().encode(kind + " " + peak));
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--ext=js", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(bytes(script));
  await writer.close();
  const [kind, peakKiB] = new TextDecoder().decode((await child.output()).stdout).split(" ");
  assertEquals(kind, "succeeded");
  // An idle Deno has about 60 MiB; a leak of the output would show as 1,000.
  assert(Number(peakKiB) < 250 * 1024, `peak ${peakKiB} KiB`);
});
