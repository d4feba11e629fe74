/** Pushes `echo NAME-0`, `echo NAME-1`, … one by one and prints the ids: `pusher.ts ADDRESS COUNT NAME`. */
import { openQueue } from "../../src/backends/registry.ts";
import { print } from "./script.ts";

const [address, count, name] = Deno.args;
await using queue = await openQueue(address);
for (let index = 0; index < Number(count); index++) {
  const [id = ""] = await queue.enqueue([{ task: { kind: "shell", command: `echo ${name}-${index}` } }]);
  await print(id);
}
