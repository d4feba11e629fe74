import { UsageError } from "../../src/core/errors.ts";

/** What `deno task compile` is asked for. */
export interface CompileOptions {
  /** `all`: an executable for every target. */
  readonly kind: "executable" | "all" | "self-contained";
  /** A path; without it dist/jobq. Not for `all`. */
  readonly output?: string;
}

/** @throws {UsageError} for words that it does not know */
export function parseCompileOptions(words: readonly string[]): CompileOptions {
  let kind: CompileOptions["kind"] = "executable";
  let output: string | undefined;
  const rest = words.values();
  for (const word of rest) {
    if (word === "--all" || word === "--self-contained") {
      if (kind !== "executable") throw new UsageError("Cannot build both --all and --self-contained");
      kind = word === "--all" ? "all" : "self-contained";
    } else if (word === "--output") {
      output = rest.next().value;
      if (!output) throw new UsageError("Cannot go on: --output FILE has no FILE");
    } else {
      throw new UsageError(`Cannot use "${word}"`, {
        hint: "known are --self-contained, --all, --output FILE",
      });
    }
  }
  if (kind === "all" && output !== undefined) {
    throw new UsageError("Cannot write all executables to one --output", { hint: "they go to dist/" });
  }
  return { kind, output };
}
