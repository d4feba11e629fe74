import { UsageError } from "../core/errors.ts";
import type { Io } from "./io.ts";

export interface ConfirmOptions {
  /** `--yes` was given. */
  readonly yes: boolean;
  /** What is going to happen, as `Remove 3 waiting jobs of jobs.db`. */
  readonly action: string;
}

/** Asks on a terminal before something is destroyed. @throws {UsageError} without a terminal and without `--yes` */
export async function confirm(io: Io, { yes, action }: ConfirmOptions): Promise<boolean> {
  if (yes) return true;
  if (!io.isTerminal("stdin") || !io.isTerminal("stderr")) {
    throw new UsageError(`Cannot ask "${action}?": this is not a terminal`, {
      hint: "give --yes if that is what you want",
    });
  }
  await io.stderr.write(`${action}? [y/N] `);
  const reader = io.stdin().pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  await reader.cancel();
  return /^y(es)?\s*$/i.test(value);
}

/** `1 job`, `2 jobs`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
