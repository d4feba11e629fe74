/** `Deno.test` with the sanitizers on, which are off by default since Deno 2.8. */
export function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true, sanitizeExit: true });
}
