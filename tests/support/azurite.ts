import { AzuriteProcess } from "./azurite/process.ts";

/**
 * The connection string of the Azurite that all tests share: that of the test task, or, where a file is tested on
 * its own, one that is started for it and ends with it.
 *
 * @throws when Azurite cannot be installed
 */
export async function connectionString(): Promise<string> {
  if (shared instanceof Error) throw shared;
  return await shared;
}

/** A name that no other test uses, fit for queues and containers. */
export function newQueueName(): string {
  return `test-${crypto.randomUUID()}`;
}

/** Started while the module loads: what a test starts may not outlive it. */
const shared = await find();

async function find(): Promise<string | Error> {
  try {
    return Deno.env.get("JOBQ_TEST_AZURITE") || (await AzuriteProcess.start()).connectionString;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
