import { assertEquals } from "../support/assert.ts";
import { TempDir } from "../support/temp_dir.ts";
import { interopTest } from "./support/python_tool.ts";
import { SharedQueue } from "./support/shared_queue.ts";

type Tool = "jobq" | "python";

interface Attempt {
  readonly tool: Tool;
  readonly fails: boolean;
}

/** Pushes a job with 3 retries, that writes its id and succeeds when it runs for the third time. */
async function pushFailing(queue: SharedQueue, tool: Tool, out: string): Promise<string> {
  const command = `echo "$JOBQ_TASK_ID" >> ${out}; test $(wc -l < ${out}) -ge 3`;
  await queue[tool](["push", "--num-retries", "3", "-c", command]);
  return JSON.parse(await queue.onlyText()).id;
}

/** Makes the attempts one after the other; answers how many retries the message had before each. */
async function retriesBefore(queue: SharedQueue, attempts: readonly Attempt[]): Promise<readonly number[]> {
  const retries: number[] = [];
  for (const { tool, fails } of attempts) {
    retries.push(JSON.parse(await queue.onlyText()).num_retries);
    await queue[tool](["pull"], { code: fails && tool === "jobq" ? 1 : 0 });
  }
  return retries;
}

for (const [odd, even] of [["python", "jobq"], ["jobq", "python"]] as const) {
  interopTest(`a job is tried by ${odd}, ${even} and ${odd}, and each attempt takes one retry`, async () => {
    await using dir = await TempDir.make();
    const queue = await SharedQueue.make();
    const id = await pushFailing(queue, even, dir.join("out"));
    const attempts = [{ tool: odd, fails: true }, { tool: even, fails: true }, { tool: odd, fails: false }];
    assertEquals(await retriesBefore(queue, attempts), [3, 2, 1]);
    assertEquals(await Deno.readTextFile(dir.join("out")), `${id}\n`.repeat(3));
    assertEquals(await queue.counts(), { messages: 0, dead: 0 });
  });

  interopTest(`a job that fails with ${odd} and then with ${even} is a dead letter`, async () => {
    const queue = await SharedQueue.make();
    await queue.jobq(["push", "--num-retries", "1", "-c", "exit 3"]);
    const { id } = JSON.parse(await queue.onlyText());
    const attempts = [{ tool: odd, fails: true }, { tool: even, fails: true }];
    assertEquals(await retriesBefore(queue, attempts), [1, 0]);
    assertEquals(await queue.counts(), { messages: 0, dead: 1 });
    const dead = (await queue.deadTexts()).map((text) => JSON.parse(text));
    assertEquals(dead.map(({ id, num_retries }) => [id, num_retries]), [[id, 0]]);
  });
}
