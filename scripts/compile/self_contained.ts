import { gzipSync } from "node:zlib";
import { runWords } from "../../src/cli/own_program.ts";
import type { Bundle } from "./bundle.ts";

/** Sizes of the head, so that what is behind it has a known place whatever the head says of that. */
const BLOCK = 1024;

export interface SelfContainedOptions {
  readonly version: string;
  /** A Deno for the target. */
  readonly runtime: Uint8Array<ArrayBuffer>;
  readonly target: string;
}

/** Makes the single file: a shell script, the program, and the Deno that runs it. */
export async function selfContained(
  bundle: Bundle,
  { version, runtime, target }: SelfContainedOptions,
): Promise<Blob> {
  const program = new TextEncoder().encode(await unpackScript(bundle));
  const packed = {
    program: new Uint8Array(gzipSync(program)),
    runtime: new Uint8Array(gzipSync(runtime)),
  };
  const template = await Deno.readTextFile(new URL("head.sh", import.meta.url));
  const values = {
    VERSION: version,
    TARGET: target,
    MAIN: bundle.main,
    RUN_WORDS: runWords(`$jobq_dir/app/${bundle.main}`).map((word) => `"${word}"`).join(" "),
    HASH: await sha256(new Blob([packed.program, packed.runtime])),
    PROGRAM_LENGTH: String(packed.program.length),
    PROGRAM_SHA256: await sha256(new Blob([program])),
    RUNTIME_LENGTH: String(packed.runtime.length),
    RUNTIME_SHA256: await sha256(new Blob([runtime])),
  };
  const headSize = Math.ceil((fill(template, values).length + 2 * BLOCK) / BLOCK) * BLOCK;
  const head = fill(template, {
    ...values,
    // tail counts bytes from 1.
    PROGRAM_START: String(headSize + 1),
    RUNTIME_START: String(headSize + packed.program.length + 1),
  });
  const size = new TextEncoder().encode(head).length;
  const padding = `#${"-".repeat(headSize - size - 2)}\n`;
  return new Blob([head, padding, packed.program, packed.runtime]);
}

/** A script that writes the files of the bundle into the folder `app`. */
async function unpackScript({ directory }: Bundle): Promise<string> {
  const files: Record<string, string> = {};
  for await (const { name } of Deno.readDir(directory)) {
    files[name] = await Deno.readTextFile(`${directory}/${name}`);
  }
  const sorted = Object.entries(files).sort(([a], [b]) => a < b ? -1 : 1);
  return `for (const [name, text] of ${
    JSON.stringify(sorted)
  }) Deno.writeTextFileSync("app/" + name, text);\n`;
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/@([A-Z0-9_]+)@/g, (all, name: string) => values[name] ?? all);
}

async function sha256(data: Blob): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await data.arrayBuffer());
  return new Uint8Array(digest).toHex();
}
