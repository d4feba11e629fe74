/** Pushes a job and leases it, and prints what came of it as JSON: `opener.ts PATH [create|no-create]`. */
import { openQueue } from "../../src/backends/registry.ts";
import { JobqError } from "../../src/core/errors.ts";
import { print } from "./script.ts";

const [path, create] = Deno.args;
try {
  await using queue = await openQueue(`sqlite:${path}`, { create: create !== "no-create" });
  await queue.enqueue([{ task: { kind: "shell", command: "true" } }]);
  await using lease = await queue.lease({ leaseMs: 60_000, waitMs: 0 });
  await print(JSON.stringify({ attempts: lease?.job.attempts }));
} catch (error) {
  if (!(error instanceof JobqError)) throw error;
  const { name, exitCode, message, hint } = error;
  await print(JSON.stringify({ name, exitCode, message, hint }));
}
