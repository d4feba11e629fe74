import type { NewJob } from "@jobq/jobq";

/** Lines as a user would push them, 32 bytes each. */
export function commandLines(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `python3 train.py --seed ${String(i).padStart(8, "0")}`);
}

/** The jobs of these commands. */
export const jobsOf = (commands: readonly string[]): readonly NewJob[] =>
  commands.map((command) => ({ task: { kind: "shell", command } }));
