import { errorMessage } from "../../../core/errors.ts";
import type { FileOperations } from "./file_operations.ts";
import type { Finding, Scene } from "./check.ts";
import { median, milliseconds, round } from "./numbers.ts";

const SAMPLES = 20;
/** A push that takes longer, in ms, is felt. */
const SLOW_MS = 200;

/** Whether fsync(2) takes a file and a directory, and what it costs to put a job's file in its place for good. */
export async function checkDurability({ directory, files, signal }: Scene): Promise<Finding> {
  await files.write(`${directory}/file`, "synced");
  const fileFault = await faultOf(files, `${directory}/file`);
  const directoryFault = await faultOf(files, directory);
  const values = { file: fileFault === undefined, directory: directoryFault === undefined };
  if (fileFault !== undefined) {
    const found = `fails on a file: ${fileFault}; a power loss may take pushed jobs`;
    return { verdict: "no", found, values };
  }
  const costs: number[] = [];
  for (let index = 0; index < SAMPLES && !signal.aborted; index++) {
    const startedAt = performance.now();
    await files.write(`${directory}/temporary`, "x".repeat(500));
    await files.sync(`${directory}/temporary`);
    await files.rename(`${directory}/temporary`, `${directory}/job-${index}`);
    if (directoryFault === undefined) await files.sync(directory);
    costs.push(performance.now() - startedAt);
  }
  const costMs = median(costs);
  const cost = `write, fsync, rename and fsync of the directory take ${
    milliseconds(costMs)
  } (median of ${costs.length})`;
  if (directoryFault !== undefined) {
    return {
      verdict: "warn",
      found: `a directory takes none: ${directoryFault}; a power loss may take the last pushed jobs`,
      values: { ...values, publish_ms: round(costMs) },
    };
  }
  return {
    verdict: costMs > SLOW_MS ? "slow" : "ok",
    found: cost,
    values: { ...values, publish_ms: round(costMs) },
  };
}

async function faultOf(files: FileOperations, path: string): Promise<string | undefined> {
  try {
    await files.sync(path);
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}
