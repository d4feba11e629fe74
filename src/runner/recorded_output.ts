import type { LogWriter } from "../core/job_logs.ts";
import type { JobOutput } from "./output.ts";

/** The same output, which also goes to the execution's log: both streams in one, in the order in which they come. */
export function recordedOutput(output: JobOutput, record: LogWriter): JobOutput {
  // One write after the other, or a long one could be overtaken by the other stream.
  let last = Promise.resolve();
  return {
    write: async (stream, bytes) => {
      last = last.then(() => record.write(bytes)).catch(() => {});
      await Promise.all([last, output.write(stream, bytes)]);
    },
    close: () => output.close(),
  };
}
