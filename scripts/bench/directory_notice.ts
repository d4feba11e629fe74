/** Tells whoever looks at the benchmark what the table cannot: what was not measured, and why. */
export async function notice(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(`\n!!! ${text}\n`);
  for (let sent = 0; sent < bytes.length;) sent += await Deno.stderr.write(bytes.subarray(sent));
}
