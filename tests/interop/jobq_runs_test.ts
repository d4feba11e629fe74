import { assertEquals } from "../support/assert.ts";
import { TempDir } from "../support/temp_dir.ts";
import { assertWritten, type CommandLine, commandLines, readOutputs } from "./support/command_lines.ts";
import { once } from "./support/once.ts";
import { interopTest } from "./support/python_tool.ts";
import { SharedQueue } from "./support/shared_queue.ts";

/** Pushes that only the Python tool takes. */
function pythonLines(dir: string): readonly CommandLine[] {
  return [
    {
      what: "a line with numbers and other values in its environment",
      out: `${dir}/values`,
      args: [],
      stdin: `{"cmd": "echo $I $F $E $T $N >> ${dir}/values", ` +
        `"env": {"I": 12345678901234567890, "F": 1.50, "E": 1e-7, "T": true, "N": null}}\n`,
      written: ["12345678901234567890 1.5 1e-07 True None"],
    },
    {
      what: "a line after a blank one",
      out: `${dir}/blank`,
      args: [],
      stdin: `\necho ran >> ${dir}/blank\n`,
      written: ["ran"],
    },
  ];
}

const linesOf = (dir: string) => [...commandLines(dir), ...pythonLines(dir)];

/** One worker of jobq runs all that the Python tool pushed. */
const run = once(async () => {
  await using dir = await TempDir.make();
  const queue = await SharedQueue.make();
  const lines = linesOf(dir.path);
  for (const { args, stdin } of lines) await queue.python(["push", ...args], { stdin });
  await queue.jobq(["worker"]);
  return { outputs: await readOutputs(lines), left: await queue.counts(), dead: await queue.deadTexts() };
});

for (const line of linesOf("")) {
  interopTest(`jobq runs ${line.what} pushed by the Python tool`, async () => {
    assertWritten((await run()).outputs, line);
  });
}

interopTest("jobq leaves nothing of what the Python tool pushed", async () => {
  const { left, dead } = await run();
  assertEquals(left, { messages: 0, dead: 0 }, dead.join("\n"));
});
