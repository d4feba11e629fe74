import { assertEquals } from "../support/assert.ts";
import { type CommandLine, commandLines } from "./support/command_lines.ts";
import { interopTest } from "./support/python_tool.ts";
import { SharedQueue } from "./support/shared_queue.ts";

/** The messages that a push leaves on a new queue, sorted: several are sent at the same time. */
async function pushed(tool: "jobq" | "python", { args, stdin }: CommandLine): Promise<readonly string[]> {
  const queue = await SharedQueue.make();
  // The Python tool keeps the ends of the lines.
  const keep = tool === "jobq" && stdin !== undefined ? ["--keep-newline"] : [];
  await queue[tool](["push", ...args, ...keep], { stdin });
  return (await queue.texts()).toSorted();
}

for (const line of commandLines("/tmp")) {
  interopTest(`a push of ${line.what} leaves the same bytes whichever tool did it`, async () => {
    const texts = await pushed("python", line);
    assertEquals(texts.length, line.written.length);
    assertEquals(await pushed("jobq", line), texts);
  });
}
