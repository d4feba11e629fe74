/**
 * Completes jobs until there are none, and prints as JSON which, and what was warned of: `directory_runner.ts PATH`.
 */
import { openDirectoryQueue } from "../../src/backends/directory/open.ts";
import { createLogger } from "../../src/log/logger.ts";
import { print } from "./script.ts";

const ran: string[] = [];
const warnings: string[] = [];
const log = createLogger("warn", ({ message }) => warnings.push(message));
await using queue = openDirectoryQueue({ kind: "directory", path: Deno.args[0] ?? "" }, { log });
const giveUpAt = performance.now() + 10_000;
while (performance.now() < giveUpAt) {
  try {
    const lease = await queue.lease({ leaseMs: 60_000, waitMs: 0 });
    if (lease === undefined) break;
    await lease.ack();
    ran.push(lease.job.id);
  } catch (error) {
    warnings.push(String(error));
  }
}
await print(JSON.stringify({ ran, warnings }));
