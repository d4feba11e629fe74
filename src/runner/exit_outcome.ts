import type { Outcome } from "../core/outcome.ts";
import type { ResultFile } from "./result_file.ts";

/** The outcome of a job whose first process ended by itself. */
export function exitOutcome(
  { code, signal }: Deno.CommandStatus,
  { output, result }: { output: string | undefined; result: ResultFile },
): Outcome {
  if (code === 0 && signal === null) {
    const { value, problem } = result;
    return { kind: "succeeded", result: value, output, warning: problem && `no result: ${problem}` };
  }
  const common = { kind: "failed", output, retryable: true } as const;
  if (signal !== null) return { ...common, signal, error: `killed by ${signal}` };
  return { ...common, exitCode: code, error: `exit code ${code}${meaningOf(code)}` };
}

/** What shells mean by an exit code. */
function meaningOf(code: number): string {
  if (code === 126) return " (not executable)";
  if (code === 127) return " (command not found)";
  if (code === 137) return " (killed, perhaps for using too much memory)";
  return "";
}
