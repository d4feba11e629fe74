import type { Bundle } from "./bundle.ts";
import { runDeno } from "./run_deno.ts";

/** What `deno task compile:all` builds for. */
export const TARGETS: readonly string[] = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
  "aarch64-pc-windows-msvc",
];

export interface DenoCompileOptions {
  readonly output: string;
  /** Default: this machine. */
  readonly target?: string;
}

/** Makes an executable with `deno compile`. @throws {BackendError} when it fails */
export async function denoCompile(
  { directory, main }: Bundle,
  { output, target }: DenoCompileOptions,
): Promise<void> {
  const words = [
    "compile",
    "--no-prompt",
    "--no-lock",
    "--no-remote",
    "--no-npm",
    "--config=deno.json",
    "-P=jobq",
  ];
  if (target !== undefined) words.push(`--target=${target}`);
  await runDeno([...words, "--include=.", `--output=${output}`, main], {
    cwd: directory,
    purpose: `compile the executable for ${target ?? Deno.build.target}`,
    hintFor: (stderr) =>
      /denort/.test(stderr)
        ? "where dl.deno.land cannot be reached, --self-contained makes an executable from this Deno; " +
          "DENORT_BIN can name a denort of this version that is at hand"
        : undefined,
  });
}
