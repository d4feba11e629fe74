/** What the scripts that tests start have in common. */

/** Writes a line to the standard output, whole. */
export async function print(line: string): Promise<void> {
  const writer = Deno.stdout.writable.getWriter();
  await writer.write(new TextEncoder().encode(`${line}\n`));
  writer.releaseLock();
}

/** Waits until the test that started this process closes its standard input, or ends itself. */
export async function untilStdinEnds(): Promise<void> {
  for await (const _ of Deno.stdin.readable);
}
