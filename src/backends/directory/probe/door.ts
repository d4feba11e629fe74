/** What the registry hands out of this folder: both sides of `jobq doctor`. */
export { describeQueue } from "../describe_queue.ts";
export type { CheckResult } from "./check.ts";
export { serveHelper } from "./helper.ts";
export type { HelperProcess } from "./other_process.ts";
export { probeDirectory, type ProbeReport } from "./probe_directory.ts";
