/**
 * Pushes until the disk is full, prints what came of it as JSON, waits for a word, pushes once more and prints the
 * ids of all jobs: `filler.ts PATH [BALLAST]`. The ballast is a file that is removed in between.
 */
import { openQueue } from "../../src/backends/registry.ts";
import { BackendError } from "../../src/core/errors.ts";
import { print } from "./script.ts";

const [path, ballast] = Deno.args;
const words = Deno.stdin.readable.getReader();
await using queue = await openQueue(path);
const push = async () => {
  const [id = ""] = await queue.enqueue([{ task: { kind: "shell", command: "x".repeat(50_000) } }]);
  return id;
};

await print("ready");
await words.read();
const acknowledged: string[] = [];
try {
  while (acknowledged.length < 1_000) acknowledged.push(await push());
} catch (error) {
  if (!(error instanceof BackendError)) throw error;
  const { exitCode, message, hint, transient } = error;
  await print(JSON.stringify({ acknowledged, exitCode, message, hint, transient }));
}
await words.read();
if (ballast !== undefined) await Deno.remove(ballast);
acknowledged.push(await push());
const there = (await queue.peek(10_000)).map(({ id }) => id);
await print(JSON.stringify({ acknowledged, there }));
