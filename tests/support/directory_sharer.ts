/**
 * Uses a queue as one of several users, with a umask that gives the group nothing to write: `directory_sharer.ts PATH
 * push` pushes three jobs that have to do with each other, `… run` completes all and prints how many that were.
 */
import { openDirectoryQueue } from "../../src/backends/directory/open.ts";
import { shellJob } from "./jobs.ts";
import { print } from "./script.ts";

const [path = "", what] = Deno.args;
Deno.umask(0o022);
await using queue = openDirectoryQueue({ kind: "directory", path });
if (what === "push") {
  const [first = ""] = await queue.enqueue([shellJob("first", { key: "k", ifExists: "replace" })]);
  await queue.enqueue([shellJob("after", { after: [{ job: first }] })]);
  await queue.enqueue([shellJob("delayed", { delayMs: 1 })]);
} else {
  await using _worker = await queue.workers.register({ id: `w${Deno.uid()}`, host: "h", pid: 1, slots: 1 });
  let count = 0;
  for (;;) {
    await using lease = await queue.lease({ leaseMs: 60_000, waitMs: 1_000 });
    if (lease === undefined) break;
    await lease.renew(60_000);
    await lease.ack("x".repeat(40_000));
    count++;
  }
  await print(String(count));
}
