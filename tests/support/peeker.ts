/** Prints the commands of the waiting jobs, one a line: `peeker.ts ADDRESS`. */
import { openQueue } from "../../src/backends/registry.ts";
import { commandOf } from "./jobs.ts";
import { print } from "./script.ts";

await using queue = await openQueue(Deno.args[0], { create: false });
for (const job of await queue.peek(100)) await print(commandOf(job));
