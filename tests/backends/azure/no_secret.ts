import { JobqError } from "../../../src/core/errors.ts";
import { assert } from "../../support/assert.ts";

/** What no message, hint, stack, cause or log line may hold. */
export const SECRETS = {
  key: "c2VjcmV0LWtleS1zZWNyZXQta2V5LXNlY3JldC1rZXktc2VjcmV0LWtleS1zZWNyZXQta2V5LXNlY3JldC1rZXk=",
  signature: "c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUtc2ln",
  clientSecret: "Zx8Q~client-secret-of-the-tests_.0123456789",
  token: "eyJ0eXAiOiJKV1QifQ.eyJzdWIiOiJ0ZXN0cyJ9.c2VjcmV0dG9rZW4",
} as const;

/** Fails when one of the secrets, or one of `others`, stands in the text. */
export function assertNoSecret(text: string, others: readonly string[] = []): void {
  for (const secret of [...Object.values(SECRETS), ...others]) {
    assert(!text.includes(secret), `a secret stands in: ${text}`);
  }
}

/** Fails when anything that `-vv` may print of the error holds a secret. */
export function assertKeepsSecrets(error: unknown, others: readonly string[] = []): void {
  for (let each = error; each instanceof Error; each = each.cause) {
    const hint = each instanceof JobqError ? each.hint : "";
    assertNoSecret([each.message, hint, each.stack, Deno.inspect(each, { depth: 10 })].join("\n"), others);
  }
}
