import { JOBQ_WORDS } from "./jobq.ts";
import { TextLineStream } from "./text_line_stream.ts";

export interface PushInPartsOptions {
  readonly address: string;
  readonly env: Readonly<Record<string, string>>;
  /** How many lines are given before the next wait for their ids. */
  readonly part: number;
  readonly args?: readonly string[];
}

export interface PushResult {
  /** Those that it printed. */
  readonly ids: readonly string[];
  /** How often it sent something again because of a connection that was cut. */
  readonly repeatedSends: number;
}

/**
 * Pushes lines with one `jobq push`, part by part, so that it sends again and again over the same connection.
 *
 * @throws when it fails
 */
export async function pushInParts(
  lines: readonly string[],
  { address, env, part, args = [] }: PushInPartsOptions,
): Promise<PushResult> {
  const [program = "", ...words] = JOBQ_WORDS;
  const child = new Deno.Command(program, {
    args: [...words, address, "push", "-v", ...args],
    env: { ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  const printed = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  const reader = printed.getReader();
  const writer = child.stdin.getWriter();
  const ids: string[] = [];
  let isOpen = true;
  while (isOpen) {
    const given = lines.slice(ids.length, ids.length + part);
    const text = given.map((line) => `${line}\n`).join("");
    // One that has failed reads no more; how it ended is told below.
    await (given.length === 0 ? writer.close() : writer.write(new TextEncoder().encode(text))).catch(
      () => {},
    );
    const wanted = ids.length + Math.max(1, given.length);
    while (isOpen && ids.length < wanted) {
      const { value, done } = await reader.read();
      if (done) isOpen = false;
      else ids.push(value);
    }
  }
  // Unless that was done above.
  await writer.close().catch(() => {});
  const { code } = await child.status;
  const log = await stderr;
  if (code !== 0) throw new Error(`the push exited with ${code}: ${log}`);
  return { ids, repeatedSends: log.match(/; trying again/g)?.length ?? 0 };
}
