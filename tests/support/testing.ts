/** `Deno.test` with the sanitizers on, which are off by default since Deno 2.8. */
export function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true, sanitizeExit: true });
}

/** What `scripts/test.ts` looks for in what the tests print. */
export const DID_NOT_RUN = "DID NOT RUN";

/** A test that needs what not every machine has. Where it is missing, that is said, loudly and by name. */
export function testWhere(met: boolean, needs: string, name: string, fn: () => void | Promise<void>): void {
  if (met) return test(name, fn);
  Deno.stdout.writeSync(new TextEncoder().encode(`${DID_NOT_RUN}: ${name} (it needs ${needs})\n`));
}
