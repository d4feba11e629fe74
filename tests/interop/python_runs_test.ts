import { assertEquals, assertMatch } from "../support/assert.ts";
import { TempDir } from "../support/temp_dir.ts";
import { assertWritten, type CommandLine, commandLines, readOutputs } from "./support/command_lines.ts";
import { once } from "./support/once.ts";
import { interopTest } from "./support/python_tool.ts";
import { SharedQueue } from "./support/shared_queue.ts";

/** Pushes that only jobq knows. */
function ownLines(dir: string): readonly CommandLine[] {
  return [
    {
      what: "a program with its arguments",
      out: `${dir}/argv`,
      args: [
        "--",
        "sh",
        "-c",
        `printf '%s|' "$@" >> ${dir}/argv`,
        "sh",
        "a b",
        "it's",
        '"$HOME"',
        "",
        "*",
        "é",
      ],
      written: [`a b|it's|"$HOME"||*|é|`],
    },
    {
      what: "a command with a working directory",
      out: `${dir}/cwd`,
      args: ["-c", `pwd >> ${dir}/cwd`, "--cwd", "/usr"],
      written: ["/usr"],
    },
    {
      what: "a command with a name, a time limit and a delay between its attempts",
      out: `${dir}/named`,
      args: ["-c", `echo ran >> ${dir}/named`, "--name", "näme", "--timeout", "1h", "--retry-delay", "2s"],
      written: ["ran"],
    },
  ];
}

const linesOf = (dir: string) => [...commandLines(dir), ...ownLines(dir)];

/** One worker of the Python tool runs all that jobq pushed. */
const run = once(async () => {
  await using dir = await TempDir.make();
  const queue = await SharedQueue.make();
  const lines = linesOf(dir.path);
  for (const { args, stdin } of lines) await queue.jobq(["push", ...args], { stdin });
  await using worker = await queue.pythonWorker();
  assertEquals(await worker.ended(), 0, worker.log);
  return { outputs: await readOutputs(lines), left: await queue.counts() };
});

for (const line of linesOf("")) {
  interopTest(`the Python tool runs ${line.what} pushed by jobq`, async () => {
    assertWritten((await run()).outputs, line);
  });
}

interopTest("the Python tool leaves nothing of what jobq pushed", async () => {
  assertEquals((await run()).left, { messages: 0, dead: 0 });
});

interopTest(
  "a job too large for a message tells whoever reads the Python tool's log what it is",
  async () => {
    await using dir = await TempDir.make();
    const queue = await SharedQueue.make();
    await queue.jobq(["push"], { stdin: `: ${"x".repeat(70_000)}; echo ran >> ${dir.join("out")}\n` });
    await using worker = await queue.pythonWorker();
    await worker.ended();
    assertMatch(
      worker.log,
      /^jobq: this job is too large for a message .* only a worker of jobq can run it$/m,
    );
    assertEquals(await queue.counts(), { messages: 0, dead: 1 });
    // The worker kept of the message what it knows. That is enough to find the job.
    await queue.jobq(["dead", "requeue", "--all"]);
    await queue.jobq(["worker"]);
    assertEquals(await Deno.readTextFile(dir.join("out")), "ran\n");
  },
);
