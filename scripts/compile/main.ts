/**
 * `deno task compile`: makes dist/jobq with `deno compile`; `--self-contained` makes it from the Deno at hand, without
 * anything from elsewhere; `--all` makes dist/jobq-TARGET for every target; `--output FILE` writes elsewhere.
 * `JOBQ_BUILD_ALLOW_NET=host,…` adds hosts to those that the program may reach.
 */
import { JobqError } from "../../src/core/errors.ts";
import { build } from "./build.ts";
import { parseCompileOptions } from "./options.ts";

async function main(words: readonly string[]): Promise<number> {
  try {
    for await (const { path, size } of build(parseCompileOptions(words), Deno.env.get)) {
      await say(Deno.stdout, `${path} (${(size / 1e6).toFixed()} MB)\n`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof JobqError)) throw error;
    await say(Deno.stderr, `error: ${error.message}\n${error.hint ? `hint: ${error.hint}\n` : ""}`);
    return error.exitCode;
  }
}

async function say(stream: { write(bytes: Uint8Array): Promise<number> }, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let sent = 0; sent < bytes.length;) sent += await stream.write(bytes.subarray(sent));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
